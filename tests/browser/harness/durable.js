// Clients whose queue is durable, and what another page has left to them.

import { nextPeer } from "./peer.js";
import { putMemory, putMessages } from "./stored.js";
import { event } from "./test.js";

/** A name that no other test has. */
export const freshName = () => `q-${crypto.randomUUID()}`;

export const durable = (name, { queue, ...options } = {}) => ({
  session: true,
  queue: { persist: name, ...queue },
  ...options,
});

export const putAway = () => globalThis.dispatchEvent(new Event("pagehide"));
export const comeBack = () => globalThis.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));

/** A client that has been welcomed, the other side, its hello, and the memory where its messages are stored. */
export async function inDurableSession(lab, name, fields = {}, options = {}) {
  const client = lab.client(durable(name, options));
  const opened = event(client, "open");
  const peer = await nextPeer(lab);
  const hello = await peer.welcome(fields);
  await opened;
  return { client, peer, hello, memory: peer.memory };
}

/** A memory that no other test has. */
export const freshMemory = () => crypto.randomUUID().replaceAll("-", "");

/** Leaves a memory behind, and messages in it: texts, or rows. The first has the number 1. */
export async function leaveBehind(name, messages, fields = {}) {
  const memory = fields.memory ?? freshMemory();
  await putMemory({ name, place: 1, ...fields, memory });
  const rows = messages.map((message) => (typeof message === "string" ? { data: message } : message));
  await putMessages(rows.map((row, at) => ({ name, memory, number: at + 1, ...row })));
  return memory;
}

/** Makes this tab the one that these memories are from. */
export const followIn = (name, ...memories) => {
  // A worker takes any for its own.
  globalThis.sessionStorage?.setItem(`steadfast:tab:${name}`, JSON.stringify(memories));
};
