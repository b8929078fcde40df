// The conversation: with the server's echo, or with everybody in a room of its hub.
import { countSent } from "./counters.js";
import { appendScrolled, byId, make, spoken } from "./dom.js";

const KEPT = 2_500;
const transcript = byId("transcript");
const settings = byId("chat-settings");
const text = byId("text");
const name = byId("name");
const room = byId("room");
const tab = Math.random().toString(36).slice(2, 8);

let conversation = null;
let lastNumber = 0;

/** Where to connect to. The address bar keeps the choice: `#chat/lobby` is a room, anything else the echo. */
export function chosenDestination() {
  const [, mode, chosen] = /^#(chat)\/([A-Za-z0-9_-]{1,32})$/.exec(location.hash) ?? [];
  return mode ? { path: `/hub/${chosen}`, room: chosen } : { path: "/ws", room: null };
}

/** Shows what `client` receives, and what becomes of each message given to it. */
export function watchChat(client, destination) {
  conversation = { client, room: destination.room, reliable: destination.reliable, sent: new Map() };
  const { sent } = conversation;
  transcript.replaceChildren();
  showMode(destination);
  client.on("message", ({ data }) => receive(data, sent));
  client.on("disconnect", () => {
    if (destination.reliable) return;
    for (const message of sent.values()) {
      if (message.row.dataset.state === "sent") mark(message.row, "unconfirmed", "sent, unconfirmed");
    }
  });
}

function showMode({ room: current }) {
  const mode = current === null ? "echo" : "chat";
  document.querySelector(`input[name=mode][value=${mode}]`).checked = true;
  settings.hidden = mode === "echo";
  if (current !== null) room.value = current;
  byId("second-tab").href = `#chat/${current ?? "lobby"}`;
  transcript.dataset.empty =
    mode === "echo"
      ? "The server sends back what you write."
      : "Everybody who has this room open reads what you write.";
}

function send(body) {
  const { client, sent, reliable } = conversation;
  lastNumber += 1;
  const id = `${tab}-${lastNumber}`;
  const row = rowOf("mine", conversation.room ? name.value || "you" : "you", body);
  const message = { row, at: performance.now() };
  sent.set(id, message);
  mark(row, "waiting", "waiting");
  appendScrolled(transcript, row, KEPT);
  const fate = client.deliver({ id, from: name.value, text: body });
  countSent(fate);
  fate.then(
    () => row.dataset.state === "waiting" && mark(row, "sent", reliable ? "stored by the server" : "sent"),
    (error) => mark(row, "failed", `not sent: ${error.message}`),
  );
}

function receive(data, sent) {
  const own = sent.get(data?.id);
  if (own) {
    mark(own.row, "returned", `back after ${spoken(performance.now() - own.at)}`);
    sent.delete(data.id);
    if (conversation.room !== null) return; // in a room, one's own message already stands there
  }
  const from = conversation.room === null ? "server" : String(data?.from || "somebody");
  appendScrolled(transcript, rowOf("theirs", from, String(data?.text ?? JSON.stringify(data))), KEPT);
}

function rowOf(side, author, body) {
  const row = make("li", `message ${side}`);
  row.append(make("span", "author", author), make("p", "body", body), make("span", "fate"));
  return row;
}

function mark(row, state, words) {
  row.dataset.state = state;
  row.querySelector(".fate").textContent = words;
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (text.value === "" || conversation === null) return;
  send(text.value);
  text.value = "";
});

byId("burst").addEventListener("submit", (event) => {
  event.preventDefault();
  if (conversation === null) return;
  const size = byId("burst-size").valueAsNumber;
  for (let number = 1; number <= size; number += 1) send(`number ${number} of ${size}`);
});

byId("mode").addEventListener("change", ({ target }) => {
  location.hash = target.value === "chat" ? `#chat/${room.value || "lobby"}` : "#echo";
});

room.addEventListener("change", () => {
  if (room.value && room.checkValidity()) location.hash = `#chat/${room.value}`;
});

name.value = sessionStorage.getItem("name") ?? `guest-${tab.slice(0, 3)}`;
name.addEventListener("change", () => sessionStorage.setItem("name", name.value));
