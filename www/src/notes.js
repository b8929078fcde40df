// A note that comes back: its text, the place in it, and messages that wait for a connection. `snapshot` with a key
// brings it to every browser that knows its name; `queue.persist` keeps what could not be sent.
import { Steadfast } from "steadfast";
import { byId, make } from "./dom.js";
import { note as log } from "./log.js";

const panel = byId("notes");
const text = byId("note-text");
const draft = byId("note-draft");
const list = byId("note-messages");
const chosen = new URLSearchParams(location.search).get("note");
const name = chosen || "my note";

/** Each message of the note by its id: its text, and whether the server has answered it. */
const messages = new Map();
let client = null;

/** Opens the note when the panel is unfolded, at once if the address names one. */
export function watchNotes() {
  byId("note-name").value = name;
  panel.addEventListener("toggle", () => panel.open && open());
  panel.open ||= chosen !== null;
}

function open() {
  if (client) return;
  client = new Steadfast("/ws", {
    codec: "json",
    session: true,
    requestIdParam: "requestId",
    reconnect: { max: 10_000 },
    queue: { persist: `note ${name}` },
    snapshot: { key: name, capture, restore, interval: 1_000 },
  });
  client.on("message", ({ data }) => answered(data?.id));
  client.on("snapshot", ({ version }) => say(`Saved as version ${version} at ${time(Date.now())}.`));
  client.on("restored", ({ version, savedAt }) => say(`Restored version ${version}, saved at ${time(savedAt)}.`));
  client.on("error", trouble);
}

function capture() {
  return { text: text.value, top: text.scrollTop, draft: draft.value, messages: [...messages] };
}

function restore(state) {
  text.value = state.text;
  text.scrollTop = state.top;
  draft.value = state.draft;
  // What was written here before the state came is newer.
  const mine = [...messages];
  messages.clear();
  for (const [id, message] of [...state.messages, ...mine]) messages.set(id, message);
  show();
}

function send(body) {
  const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  messages.set(id, { text: body, stored: false });
  client.send({ id, text: body });
  show();
}

function answered(id) {
  const message = messages.get(id);
  if (!message) return;
  message.stored = true;
  show();
}

function show() {
  const rows = [...messages.values()].map(({ text, stored }) => {
    const row = make("li", "", `${text} `);
    row.append(make("small", "", stored ? "stored by the server" : "waiting"));
    return row;
  });
  list.replaceChildren(...rows);
}

function trouble({ code, message, cause }) {
  log("error", `note: ${code}: ${message}`);
  if (code !== "SNAPSHOT_FAILED") return;
  const stale = cause?.reason === "stale";
  byId("note-trouble-text").textContent = stale
    ? `Somebody else has saved version ${cause.version}: what is written here is not kept.`
    : message;
  byId("note-again").hidden = !stale;
  byId("note-trouble").hidden = false;
}

function say(what) {
  byId("note-saved").textContent = what;
}

function time(ms) {
  return new Date(ms).toLocaleTimeString();
}

byId("note-composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (draft.value === "" || client === null) return;
  send(draft.value);
  draft.value = "";
});

byId("note-again").addEventListener("click", () => location.reload());
