// The banner that says the connection is away, when it is tried again, and offers to try now.
import { byId, spoken, whileOpen } from "./dom.js";

const banner = byId("banner");
const text = byId("banner-text");
const announcement = byId("announcement");
const tryNow = byId("try-now");

/** Shows the banner whenever `client` is not connected and has not been closed. */
export function watchBanner(client) {
  let next = null;
  client.on("reconnecting", ({ attempt, delay }) => {
    next = { attempt, at: performance.now() + delay };
    show(client.state, next);
  });
  client.on("statechange", ({ from, to }) => {
    if (to === "open" || to === "failed") next = null;
    announce(from, to);
  });
  client.on("reconnected", ({ downtime }) => {
    announcement.textContent = `Connected again after ${spoken(downtime)}.`;
  });
  client.on("failed", (error) => {
    announcement.textContent = `Given up: ${error.message}`;
  });
  whileOpen(client, 200, () => show(client.state, next));
  client.on("statechange", () => show(client.state, next));
}

// The countdown would be read aloud each second; screen readers hear the changes of state alone.
function announce(from, to) {
  if (to === "reconnecting" && from !== "offline") announcement.textContent = "Connection lost. Trying again.";
  if (to === "offline") announcement.textContent = "No network. Waiting for it to return.";
}

function show(state, next) {
  const message = messageFor(state, next);
  banner.hidden = message === null;
  if (message === null) return;
  banner.dataset.state = state;
  if (text.textContent !== message) text.textContent = message;
  tryNow.textContent = state === "failed" ? "Connect again" : "Try now";
}

function messageFor(state, next) {
  if (state === "offline") return "The browser says there is no network. The connection returns with it.";
  if (state === "failed") return "The connection was given up.";
  if (state !== "reconnecting") return null;
  if (next === null) return "Connection lost. Trying again.";
  const wait = Math.ceil((next.at - performance.now()) / 1_000);
  const attempt = `attempt ${next.attempt}`;
  return wait > 0
    ? `Connection lost. Next try in ${wait} s (${attempt}).`
    : `Connection lost. Trying now (${attempt}).`;
}
