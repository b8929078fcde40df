// How many messages of a reliable session are where: the figures that must agree when nothing is under way.
import { byId, whileOpen } from "./dom.js";

let counts = null;

/** Counts what `client` hands over and sends again, and shows it while there is a session. */
export function watchCounters(client, { reliable }) {
  counts = { sent: 0, acknowledged: 0, dropped: 0, replayed: 0, handed: 0 };
  const mine = counts;
  byId("counters").hidden = !reliable;
  client.on("message", () => (mine.handed += 1));
  client.on("reconnected", ({ replayed }) => (mine.replayed += replayed));
  whileOpen(client, 250, () => mine === counts && show(client));
}

/** Counts a message that was accepted; `fate` settles when it is acknowledged, or never will be. */
export function countSent(fate) {
  const mine = counts;
  mine.sent += 1;
  fate.then(
    () => (mine.acknowledged += 1),
    () => (mine.dropped += 1),
  );
}

function show(client) {
  const { sent, acknowledged, dropped, replayed, handed } = counts;
  const flight = Math.max(0, sent - acknowledged - dropped - client.queued.messages);
  const figures = { sent, flight, acknowledged, replayed, handed };
  for (const [name, figure] of Object.entries(figures)) byId(`count-${name}`).textContent = String(figure);
}
