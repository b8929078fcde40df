// The other side of a client's state: what it saves, as a server understands it, and what a server has stored. It does
// all by itself, as the peer does.

import { inSession, nextPeer } from "./peer.js";
import { rowsWhen } from "./stored.js";
import { record } from "./test.js";

/** The length of a text in bytes, and its check. */
export function measured(text) {
  const bytes = new TextEncoder().encode(text);
  return {
    bytes: bytes.length,
    check: bytes.reduce((check, byte) => Math.imul(check ^ byte, 16_777_619) >>> 0, 2_166_136_261),
  };
}

/** The text that a delta makes of `base`. */
export function applied(base, delta) {
  const bytes = new TextEncoder().encode(base);
  let text = "";
  const operations = JSON.parse(delta);
  while (operations.length) {
    const first = operations.shift();
    text +=
      typeof first === "string" ? first : new TextDecoder().decode(bytes.slice(first, first + operations.shift()));
  }
  return text;
}

/** The `nth` save, when it has come in: its fields, and the text of its parts. */
export async function saveOf(peer, nth = 1) {
  const { body } = await peer.control("save", nth);
  return { ...body, text: savesOf(peer)[nth - 1].text };
}

/** The saves that have come in. */
export function savesOf(peer) {
  const saves = [];
  let text = "";
  for (const { name, body } of peer.controls) {
    if (name === "part") text += body;
    if (name === "save") {
      saves.push({ ...body, text });
      text = "";
    }
  }
  return saves;
}

/** Answers a save: this version is stored. */
export const storeAs = (peer, { id }, version) =>
  peer.say("saved", { id, version, expiresAt: Date.now() + 86_400_000 });

/** What a welcome says of a stored state whose text follows, or is known to the client. */
export const told = (state, fields) => {
  return { snapshot: { version: 7, savedAt: 1_000, ...measured(JSON.stringify(state)), follows: true, ...fields } };
};

/** Sends a text in parts of so many characters. */
export function sendParts(peer, text, length = 16_384) {
  for (let at = 0; at < text.length; at += length) peer.raw(`\x10part ${peer.given} ${text.slice(at, at + length)}`);
}

/** An application with a state: what it was given to restore, and how often it was asked. */
export function application(state) {
  const app = { state, restored: [], asked: 0, capture, restore };
  function capture() {
    app.asked++;
    return app.state;
  }
  function restore(...given) {
    app.restored.push(given);
    [app.state] = given;
  }
  return app;
}

/** Options of a session whose state is saved when a test asks, and for this application. */
export const saving = ({ capture, restore }, fields) => {
  return { snapshot: { capture, restore, interval: 1_000_000, ...fields } };
};

/** A session, its application's state stored as version 3. */
export async function stored(lab, url, app, fields) {
  const made = await inSession(lab, { session: true, ...saving(app, fields) }, {}, url);
  await rowsWhen(url, (rows) => rows.length === 1 && rows[0].id);
  const saved = made.client.snapshot();
  storeAs(made.peer, await saveOf(made.peer), 3);
  await saved;
  return made;
}

/** The next page of the same session, which has said hello. */
export async function nextPage(lab, url, app, fields) {
  const client = lab.client({ session: true, ...saving(app, fields) }, url);
  const events = record(client);
  const peer = await nextPeer(lab);
  const { body: hello } = await peer.control("hello");
  return { client, events, peer, hello };
}
