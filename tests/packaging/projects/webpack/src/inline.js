import { Steadfast } from "steadfast/inline";

const server = new URLSearchParams(location.search).get("server");
const client = new Steadfast(server);
client.on("message", ({ data }) => {
  document.body.dataset.echo = data;
});
client.send("sent by webpack");
