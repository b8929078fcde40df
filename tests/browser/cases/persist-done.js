// A durable queue after a power cut: the databases lose their ends independently, and what was done with may be back in
// the one that never waits for the disk. It is not sent again.

import { equal } from "../harness/assert.js";
import { comeBack, durable, freshName, inDurableSession, leaveBehind, putAway, recordsOf } from "../harness/durable.js";
import { nextPeer, RESUMED } from "../harness/peer.js";
import { holdLock, inStore, messagesWhen, storedMessages } from "../harness/stored.js";
import { test } from "../harness/test.js";

const textsOf = (rows) => rows.map(({ data }) => data);

/** What stands now in the database that never waits: the rows with this text and the record of their memory. */
async function freshOf(text) {
  const rows = (await inStore("fresh", (store) => store.getAll())).filter(({ data }) => data === text);
  const records = await inStore("stashes", (store) => store.getAll());
  return { rows, records: records.filter(({ memory }) => rows.some((row) => row.memory === memory)) };
}

async function bringBack({ rows, records }) {
  for (const row of rows) await inStore("fresh", (store) => store.put(row));
  for (const record of records) await inStore("stashes", (store) => store.put(record));
}

/** A client that has sent `text` before its welcome, its peer, and what stood in the database then. */
async function early(lab, name, text) {
  const client = lab.client(durable(name));
  client.send(text);
  const peer = await nextPeer(lab);
  await peer.control("hello");
  const before = await freshOf(text);
  equal([before.rows.length, before.records.length], [1, 1], "what stood there");
  return { client, peer, before };
}

export const a_message_that_was_acknowledged_is_not_sent_again = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  for (const text of ["a", "b"]) client.send(text);
  await peer.received(2);
  const copies = await inStore("fresh", (store) => store.getAll(IDBKeyRange.bound([memory], [memory, []])));
  equal(textsOf(copies), ["a", "b"], "as they were sent");
  peer.stored(2);
  await messagesWhen(memory, ({ length }) => length === 0);
  putAway();
  await bringBack({ rows: copies, records: [] });
  comeBack();
  client.send("next");
  const next = await nextPeer(lab);
  await next.welcome({ ...RESUMED, received: 2 });
  equal(await next.received(1), ["next"], "sent");
  next.stored(3);
  await client.flush();
  while ((await inStore("fresh", (store) => store.count(IDBKeyRange.bound([memory], [memory, []])))) > 0);
});

export const a_message_that_has_moved_is_not_sent_from_where_it_was = test(async (lab) => {
  const name = freshName();
  const text = `moves ${name}`;
  const memory = await leaveBehind(name, []);
  const { client, peer, before } = await early(lab, name, text);
  await peer.welcome(RESUMED);
  await peer.received(1);
  peer.stored(1);
  await client.flush();
  await messagesWhen(memory, ({ length }) => length === 0);
  putAway();
  await bringBack(before);
  comeBack();
  const next = await nextPeer(lab);
  await next.welcome({ ...RESUMED, received: 1 });
  client.send("next");
  equal(await next.received(1), ["next"], "sent");
  (await holdLock(recordsOf(name), before.rows[0].memory))();
  equal(lab.network.live.length, 1, "links");
});

export const what_a_closed_session_sent_is_not_sent_again = test(async (lab) => {
  const name = freshName();
  const { client, peer, before } = await early(lab, name, `ends ${name}`);
  await peer.welcome();
  await peer.received(1);
  peer.stored(1);
  await client.flush();
  const [{ memory }] = before.rows;
  await messagesWhen(memory, ({ length }) => length === 0);
  client.close();
  (await holdLock(recordsOf(name), memory))();
  await bringBack(before);
  equal((await storedMessages(memory)).length, 1, "what is back");
  const earlier = Date.now() - 1_000_000;
  lab.replace(Date, "now", () => earlier);
  const second = lab.client(durable(name));
  const next = await nextPeer(lab);
  await next.welcome({ session: "s-2", token: "u-1" });
  second.send("next");
  equal(await next.received(1), ["next"], "sent");
  putAway();
  comeBack();
  const last = await nextPeer(lab);
  await last.welcome({ ...RESUMED, session: "s-2" });
  equal(await last.received(1), ["next"], "sent again, although the clock was put back");
});
