// The page of the chaos run: one reliable session with the echo, and a record of everything handed over.
// The record is written inside the listener, into storage that outlives the page.

import { keyOf, payloadOf, samePayload } from "/pages/payload.js";
import * as steadfast from "/pkg/index.js";

await steadfast.ready();

const counts = { accepted: 0, resumed: 0, lost: 0, replayed: 0, gaps: [], dropped: [], errors: {} };
const shown = document.documentElement.dataset;
let recorded = localStorage.length;

const server = new URLSearchParams(location.search).get("server");

const client = new steadfast.Steadfast(`${server}/ws`, { session: true, requestIdParam: "requestId", log: "silent" });
client.on("message", ({ data, session, stream, number }) => {
  const key = keyOf(data);
  const whole = samePayload(data, payloadOf(key));
  localStorage.setItem(`record-${recorded}`, JSON.stringify([session, stream, number, key, whole]));
  recorded += 1;
  shown.recorded = String(recorded);
});
client.on("statechange", ({ to }) => (shown.state = to));
client.on("reconnected", ({ resumed, replayed }) => {
  counts[resumed ? "resumed" : "lost"] += 1;
  counts.replayed += replayed;
});
client.on("gap", (gap) => counts.gaps.push(gap));
client.on("dropped", ({ data, reason, delivered }) => {
  counts.dropped.push({ key: keyOf(data), reason, delivered });
  shown.dropped = String(counts.dropped.length);
});
client.on("error", ({ code }) => (counts.errors[code] = (counts.errors[code] ?? 0) + 1));
client.on("failed", ({ code, message }) => (shown.failed = `${code}: ${message}`));

window.chaos = {
  /** Sends the messages from number `from` up to, not with, number `to`. */
  send(from, to) {
    for (let key = from; key < to; key += 1) {
      client.send(payloadOf(key));
      counts.accepted += 1;
    }
  },

  /** Resolves when nothing is queued or unacknowledged. */
  flush: (timeout) => client.flush({ timeout }),

  /** What was handed over, in order, and what else happened. */
  report() {
    const records = Array.from({ length: recorded }, (_, at) => JSON.parse(localStorage.getItem(`record-${at}`)));
    return { records, counts, queued: client.queued, state: client.state, reconnects: client.health.reconnects };
  },
};
shown.ready = "";
