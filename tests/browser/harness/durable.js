// Clients whose queue is durable, and what another page has left to them.

import { nextPeer } from "./peer.js";
import { putMessage, putRow, rowsWhen } from "./stored.js";
import { event } from "./test.js";

/** A name that no other test has. */
export const freshName = () => `q-${crypto.randomUUID()}`;

/** The name under which the records of a durable queue are stored. */
export const recordsOf = (name) => `persist:${name}`;

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
  const id = fields.session ?? "s-1";
  const records = await rowsWhen(recordsOf(name), (rows) => rows.some((row) => row.id === id));
  return { client, peer, hello, memory: records.find((row) => row.id === id).memory };
}

/** A memory that no other test has. */
export const freshMemory = () => crypto.randomUUID().replaceAll("-", "");

/** Leaves a session behind, and messages in it: texts without a number, or rows. */
export async function leaveBehind(name, messages, fields = {}) {
  const memory = fields.memory ?? freshMemory();
  const session = { id: "s-1", token: "t-1", claim: 4, instance: memory, last: 0 };
  await putRow({ name: recordsOf(name), ...session, ...fields, memory });
  let seq = 0;
  for (const message of messages) {
    const row = typeof message === "string" ? { data: message } : message;
    await putMessage({ memory, seq: ++seq, ...row });
  }
  return memory;
}
