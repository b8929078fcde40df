// The page that dies again and again: a durable queue, and a state that is a fold over what came in.

import { keyOf, payloadOf } from "/pages/payload.js";
import { follow } from "/pages/remote.js";
import * as steadfast from "/pkg/index.js";

await steadfast.ready();

const ROOM = "deaths";
const parameters = new URLSearchParams(location.search);
const server = parameters.get("server");
const remote = parameters.get("remote");
/** The keys of the room's messages, from number `first` on. */
let fold = { first: null, keys: [] };
const counts = { gaps: [], dropped: [], errors: [], snapshots: 0 };
let restored = null;

const client = new steadfast.Steadfast(`${server}/hub/${ROOM}`, {
  session: true,
  queue: { persist: "deaths" },
  snapshot: {
    capture: () => fold,
    restore: (state) => {
      restored = structuredClone(state);
      fold = state;
    },
    interval: 300,
  },
  reconnect: { max: 1_000 },
  requestIdParam: "requestId",
  log: "silent",
});
client.on("message", ({ data, stream, number }) => {
  if (stream !== ROOM) return;
  fold.first ??= number;
  // A number that is not the next one is left for the verdict to find: the fold is wrong from here on.
  fold.keys[number - fold.first] = keyOf(data);
});
client.on("gap", (gap) => {
  counts.gaps.push(gap);
  // What is missing can be in no fold: another begins behind the hole.
  if (gap.direction === "down") fold = { first: null, keys: [] };
});
client.on("dropped", ({ data, reason, delivered }) => counts.dropped.push({ key: keyOf(data), reason, delivered }));
client.on("error", ({ code, message }) => counts.errors.push({ code, message }));
client.on("failed", ({ code, message }) => counts.errors.push({ code, message }));
client.on("snapshot", () => (counts.snapshots += 1));

window.deaths = {
  /** Sends the messages with these numbers. */
  send(keys) {
    for (const key of keys) client.send(payloadOf(key));
  },

  flush: (timeout) => client.flush({ timeout }),

  /** What this page has seen, and was given of what the page before it saw. */
  report: () => ({ restored, fold, counts, state: client.state, session: client.session, queued: client.queued }),

  /** Which page this is: no other has begun at the same moment. */
  life: () => performance.timeOrigin,

  /** The number of the last message that came in. */
  last: () => (fold.first === null ? 0 : fold.first + fold.keys.length - 1),

  /** Works so long. */
  busy(ms) {
    for (const end = performance.now() + ms; performance.now() < end; );
  },
};
if (remote) follow(remote, window.deaths);
