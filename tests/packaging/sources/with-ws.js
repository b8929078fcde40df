import { connect } from "steadfast";
import WebSocket from "ws";

const client = await connect(process.argv[2], {
  webSocket: WebSocket,
  on: {
    message: ({ data }) => {
      console.log(data);
      client.close();
    },
  },
});
client.send("steadfast");
