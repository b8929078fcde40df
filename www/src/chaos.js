// Buttons for the faults a server started with --chaos makes on request.
import { byId, make, spoken } from "./dom.js";
import { currentRequestId, note } from "./log.js";

const API = "/api/chaos";
const form = byId("chaos-form");
const panel = byId("chaos");
const target = byId("chaos-target");

/**
 * Every fault with what it shows. A "standing" one lasts as long as is chosen; one for "new" connections does too,
 * and this page reconnects to meet it.
 */
const FAULTS = [
  ["Close 1001", { kind: "close", code: 1001, reason: "going away" }, "A proper goodbye: retried"],
  ["Close 1011", { kind: "close", code: 1011, reason: "internal error" }, "The server failed: retried"],
  ["Close 1000", { kind: "close", code: 1000, reason: "" }, "A bare goodbye: retried later"],
  ["Close 4401", { kind: "close", code: 4401, reason: "unauthorised" }, "Asks for fresh credentials once, then stops"],
  ["Cut", { kind: "cut" }, "The end of the line, without a close frame"],
  ["Reset", { kind: "reset" }, "A TCP reset"],
  ["Black hole", { kind: "blackhole", direction: "both" }, "Open and silent: only a heartbeat can tell", "standing"],
  ["Black hole up", { kind: "blackhole", direction: "up" }, "The server hears nothing", "standing"],
  ["Black hole down", { kind: "blackhole", direction: "down" }, "The page hears nothing", "standing"],
  ["Delay 500 ms", { kind: "delay", ms: 500, direction: "both" }, "Everything comes late", "standing"],
  ["2 kB a second", { kind: "bandwidth", bytesPerSecond: 2_000, direction: "both" }, "A thin line", "standing"],
  ["Refuse", { kind: "refuse" }, "New connections are turned away", "new"],
  ["Accept, close 1013", { kind: "accept-close", code: 1013 }, "Opens, and closes at once: try later", "new"],
  ["Late answer", { kind: "late", ms: 2_000 }, "The handshake takes two seconds", "new"],
];

let client = null;
let room = null;
let available = null;
let refreshes = 0;

/** Offers the faults for `destination`; finds out once whether the server has them. */
export async function watchChaos(watched, destination) {
  client = watched;
  room = destination.room;
  const roomOption = target.querySelector("[value=room]");
  roomOption.disabled = room === null;
  if (room === null && target.value === "room") target.value = "connection";
  if (available !== null) return;
  available = undefined;
  // Asking /api/chaos itself would leave an error in the console of a server without it.
  const told = await fetch("/healthz").then(
    (response) => response.json(),
    () => ({}),
  );
  if (told.chaos === undefined) return;
  setAvailable(told.chaos);
  panel.open = true;
}

panel.addEventListener("toggle", () => {
  if (panel.open && available !== false) refresh();
});

function setAvailable(yes) {
  available = yes;
  form.hidden = !yes;
  const warning = byId("chaos-note");
  warning.hidden = yes;
  warning.textContent =
    "This server runs without faults. Start it with --chaos, as npm start does, to break the connection from here.";
}

async function order(label, fault, reach) {
  const duration = Number(byId("chaos-duration").value);
  const body = { target: chosenTarget(reach), fault, ...(reach && duration > 0 && { durationMs: duration }) };
  const answer = await ask("POST", "/faults", body);
  if (answer && !answer.refused) {
    const whom = reach === "new" ? "new connections" : `${answer.affected} hit`;
    note("fault", `${label}: ${whom}${body.durationMs ? `, for ${spoken(duration)}` : ""}`);
    if (reach === "new") client.reconnect("to meet the fault");
  }
  await refresh();
  if (body.durationMs) setTimeout(refresh, duration + 100);
}

function chosenTarget(reach) {
  if (target.value === "room") return { room };
  // A connection that is still to come has no id yet.
  return target.value === "all" || reach === "new" ? "all" : { connection: currentRequestId() };
}

async function refresh() {
  refreshes += 1;
  const mine = refreshes;
  const state = await ask("GET", "");
  // An answer that a later one may have overtaken would show what stands no more.
  if (state === null || mine !== refreshes) return;
  if (available !== !state.refused) setAvailable(!state.refused);
  const faults = state.faults ?? [];
  byId("standing").hidden = faults.length === 0;
  byId("standing-list").replaceChildren(...faults.map(standingItem));
}

function standingItem({ id, target: whom, fault }) {
  const item = make("li");
  const lift = make("button", "", "Lift");
  const name = describe(fault);
  lift.type = "button";
  lift.setAttribute("aria-label", `Lift ${name}`);
  lift.addEventListener("click", () => liftFault(`/faults/${id}`, name));
  item.append(
    make("span", "", `${name}, ${whom === "all" ? "every connection" : Object.entries(whom)[0].join(" ")}`),
    lift,
  );
  return item;
}

function describe({ kind, direction, ms, bytesPerSecond, code }) {
  const detail = [direction, ms && `${ms} ms`, bytesPerSecond && `${bytesPerSecond} B/s`, code].filter(Boolean);
  return [kind, ...detail].join(" ");
}

async function liftFault(path, name) {
  await ask("DELETE", path);
  note("fault", `lifted: ${name}`);
  await refresh();
}

/** The server's answer; `refused` is true in a refusal, which is noted with the id the server logged it under. Null without an answer. */
async function ask(method, path, body) {
  const headers = body && { "content-type": "application/json" };
  try {
    const response = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = response.status === 204 ? {} : await response.json();
    if (response.ok) return answer;
    if (answer.errorCode !== "CHAOS_OFF") note("fault", `refused: ${answer.message}`, answer.requestId);
    return { ...answer, refused: true };
  } catch (error) {
    note("fault", `the server does not answer: ${error.message}`, "");
    return null;
  }
}

byId("fault-buttons").append(
  ...FAULTS.map(([label, fault, effect, reach]) => {
    const button = make("button", "fault");
    button.type = "button";
    button.append(make("strong", "", label), make("span", "fault-effect", effect));
    button.addEventListener("click", () => order(label, fault, reach));
    return button;
  }),
);
byId("lift-all").addEventListener("click", () => liftFault("/faults", "everything"));
