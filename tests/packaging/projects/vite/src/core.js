import { connect } from "steadfast/core";

const server = new URLSearchParams(location.search).get("server");
const client = await connect(server, {
  on: {
    message({ data }) {
      document.body.dataset.echo = data;
    },
  },
});
client.send("sent by Vite");
