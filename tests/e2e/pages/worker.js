// A client inside a dedicated worker, which is told what to send and tells what came back.
import { connect } from "/pkg/index.js";

const options = { reconnect: { first: 50, min: 50, base: 50, max: 200 } };
const tell = (event) => (detail) => postMessage({ event, detail });
const client = await connect("/ws", {
  ...options,
  on: {
    open: tell("open"),
    message: tell("message"),
    disconnect: tell("disconnect"),
    reconnected: tell("reconnected"),
  },
});
addEventListener("message", ({ data }) => client.send(data));
