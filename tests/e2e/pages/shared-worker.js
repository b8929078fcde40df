// One client for all pages that share this worker: each port sends through it and hears everything.
import { ready, Steadfast } from "/pkg/index.js";

const ports = [];
const early = [];
let take = (port) => early.push(port);
addEventListener("connect", ({ ports: [port] }) => take(port)); // the first one comes before the module has loaded

await ready();
const client = new Steadfast("/ws", { reconnect: { first: 50, min: 50, base: 50, max: 200 } });
for (const event of ["open", "message", "disconnect", "reconnected"]) {
  client.on(event, (detail) => {
    for (const port of ports) port.postMessage({ event, detail });
  });
}

take = join;
early.forEach(join);

function join(port) {
  ports.push(port);
  port.onmessage = ({ data }) => client.send(data);
  port.postMessage({ event: "joined", detail: { pages: ports.length } });
}
