// The state at the top, and the figures beside the charts.
import { byId, whileOpen } from "./dom.js";

const STATES = {
  idle: "Idle",
  connecting: "Connecting",
  open: "Connected",
  reconnecting: "Reconnecting",
  offline: "Offline",
  closing: "Closing",
  closed: "Closed",
  failed: "Given up",
};

/** Keeps the figures true to `client`. */
export function watchStatus(client, destination) {
  byId("address").textContent = destination.path;
  client.on("statechange", () => show(client));
  client.on("queue", () => show(client));
  whileOpen(client, 250, () => show(client));
}

function show(client) {
  const { state, health, queued } = client;
  const pill = byId("state");
  pill.dataset.state = state;
  set("state-name", STATES[state]);
  set("rtt", health.rtt === null ? "–" : `${rounded(health.rtt)} ms`);
  set("score", String(Math.round(health.score)));
  set("grade", health.grade);
  byId("health").dataset.grade = health.grade;
  set("queued", queued.messages === 0 ? "0" : `${queued.messages} (${queued.bytes} B)`);
  set("reconnects", String(health.reconnects));
  set("close", state === "closed" ? "Open" : "Close");
  byId("reconnect").disabled = state === "closed";
  byId("ping").disabled = state !== "open";
}

function rounded(ms) {
  return ms < 10 ? ms.toFixed(1) : Math.round(ms);
}

function set(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}
