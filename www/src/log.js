// The list of events, each with the id under which the server logs the same link.
import { byId, make, spoken } from "./dom.js";

const KEPT = 400;
const list = byId("log");
let requestId = "";
let unsaid = null;

/** The request id of the link at hand, or "" before the first one. */
export function currentRequestId() {
  return requestId;
}

/** The client's own log, given to it as its `log` option: brings the request ids, and what only the log says. */
export function record({ level, message, requestId: id }) {
  if (id) requestId = id;
  if (level !== "warn" && level !== "error") return;
  // What is an event too follows in the same task, in words of its own.
  unsaid = message;
  queueMicrotask(() => {
    if (unsaid === message) note(level, message);
    unsaid = null;
  });
}

/** Writes one line into the list, the newest at the top. */
export function note(kind, text, id = requestId) {
  const row = make("li", "log-row");
  row.dataset.kind = kind;
  const time = make("time", "log-time", new Date().toLocaleTimeString([], { hour12: false }));
  row.append(time, make("span", "log-kind", kind), make("span", "log-text", text), make("code", "log-id", id));
  list.prepend(row);
  if (list.childElementCount > KEPT) list.lastElementChild.remove();
}

/** Lists everything that happens to `client`. */
export function watchLog(client, destination) {
  requestId = "";
  note("new", `a client for ${destination.path}`);
  for (const [event, describe] of Object.entries(EVENTS)) {
    client.on(event, (detail) => {
      unsaid = null;
      note(event, describe(detail));
    });
  }
}

/** A line for each event; messages have a panel of their own. */
const EVENTS = {
  statechange: ({ from, to }) => `${from} → ${to}`,
  open: ({ url, attempt }) => `${new URL(url, location.href).pathname}, attempt ${attempt}`,
  disconnect: ({ code, reason, willRetry, unconfirmed }) =>
    `code ${code}${reason && ` “${reason}”`}, ${willRetry ? "will retry" : "no retry"}, ${unconfirmed} unconfirmed`,
  reconnecting: ({ attempt, delay, reason }) => `attempt ${attempt} in ${spoken(delay)}${reason && `: ${reason}`}`,
  reconnected: ({ attempts, downtime, resumed, replayed }) =>
    `after ${spoken(downtime)}, attempts: ${attempts}${resumed ? `, session resumed, ${replayed} sent again` : ""}`,
  failed: ({ code, message }) => `${code}: ${message}`,
  close: ({ code, reason }) => `code ${code}${reason && ` “${reason}”`}`,
  error: ({ code, message }) => `${code}: ${message}`,
  heartbeat: ({ rtt, missed }) => (rtt === null ? `unanswered, ${missed} in a row` : `answered after ${spoken(rtt)}`),
  health: ({ grade, score, trend }) => `${grade}, ${Math.round(score)} and ${trend}`,
  queue: ({ messages, bytes }) => (messages === 0 ? "empty again" : `${messages} waiting, ${bytes} B`),
  dropped: ({ reason }) => `a message was dropped: ${reason}`,
  gap: ({ missed, reason }) => `${missed ?? "some"} messages are missing: ${reason}`,
};

byId("clear-log").addEventListener("click", () => list.replaceChildren());
const heartbeats = byId("show-heartbeats");
heartbeats.addEventListener("change", () => list.classList.toggle("with-heartbeats", heartbeats.checked));
