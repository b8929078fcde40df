// A durable queue: what is stored, and when.

import { equal, ok } from "../harness/assert.js";
import { durable, freshName, inDurableSession } from "../harness/durable.js";
import { again, nextPeer, RESUMED } from "../harness/peer.js";
import { marksOf, memoriesWhen, messagesWhen, storedMemories, storedMessages } from "../harness/stored.js";
import { event, record, settled, test } from "../harness/test.js";

const textsOf = (rows) => rows.map(({ data }) => data);

/** The transactions of the database from now on: what was asked of each, and whether it was committed at once. */
function watchTransactions(lab) {
  const made = [];
  const { transaction } = IDBDatabase.prototype;
  lab.replace(IDBDatabase.prototype, "transaction", function (stores, mode, options) {
    const one = transaction.call(this, stores, mode, options);
    const seen = { durability: options?.durability, puts: [], deletes: [], committed: false };
    made.push(seen);
    const { commit } = one;
    one.commit = () => {
      seen.committed = true;
      commit.call(one);
    };
    return one;
  });
  for (const method of ["put", "delete"]) {
    const act = IDBObjectStore.prototype[method];
    lab.replace(IDBObjectStore.prototype, method, function (what) {
      made.at(-1)[`${method}s`].push(method === "put" ? structuredClone(what) : what);
      return act.call(this, what);
    });
  }
  return made;
}

export const a_message_is_stored_in_the_task_that_sends_it = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  const made = watchTransactions(lab);
  client.send("a");
  client.send("b", { priority: "low" });
  equal(made.length, 0, "transactions before the task is over");
  await null;
  const [{ puts, deletes, durability, committed }, ...others] = made;
  const rows = puts.map(({ lane, number, data, place }) => [lane, number, data, typeof place]);
  equal(rows, [[undefined, undefined, undefined, "number"], [1, 1, "a", "undefined"], [2, 1, "b", "undefined"]], "rows"); // biome-ignore format: one line
  equal([durability, committed, deletes, others], ["relaxed", true, [], []], "how");
  equal([await peer.received(2), puts.every((row) => row.memory === memory)], [["a", "b"], true], "sent, and whose");
});

export const a_message_is_put_once_and_never_changed = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  const made = watchTransactions(lab);
  client.send("a");
  await peer.received(1);
  const { peer: next } = await again(lab, client, peer, RESUMED);
  await next.received(1);
  next.stored(1);
  await client.flush();
  await settled();
  equal(textsOf(made.flatMap(({ puts }) => puts).filter(({ data }) => data)), ["a"], "rows put");
});

export const what_is_deleted_is_never_deleted_with_what_is_put = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  const made = watchTransactions(lab);
  for (const text of ["a", "b", "c"]) client.send(text);
  await peer.received(3);
  client.send("d");
  peer.stored(3);
  await messagesWhen(memory, ({ length }) => length === 1);
  const deletions = made.filter(({ deletes }) => deletes.length > 0);
  equal([deletions.length, deletions[0].puts, deletions[0].deletes.length], [1, [], 1], "one range for all");
});

export const what_is_acknowledged_is_stored_no_more = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  const delivered = client.deliver("a");
  client.send("b");
  await peer.received(2);
  peer.stored(1);
  await delivered;
  equal(textsOf(await messagesWhen(memory, ({ length }) => length < 2)), ["b"], "rows");
});

export const a_message_of_every_kind_is_stored_as_it_was = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  const bytes = Uint8Array.from([1, 2, 3]);
  const messages = ["a\ud800", bytes.buffer, bytes, new Blob(["x"])];
  for (const message of messages) client.send(message);
  bytes[0] = 9;
  await peer.received(4);
  const rows = textsOf(await storedMessages(memory));
  equal([rows[0], [...new Uint8Array(rows[1])], [...rows[2]], await rows[3].text()], ["a\ud800", [1, 2, 3], [1, 2, 3], "x"]); // biome-ignore format: one line
});

export const volatile_messages_are_not_stored = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  client.send("a");
  client.send("now", { volatile: true });
  await peer.received(2);
  equal(textsOf(await storedMessages(memory)), ["a"], "rows");
});

export const what_is_dropped_is_marked_in_its_task_and_deleted_later = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName(), {}, { queue: { maxMessages: 3 } });
  peer.socket.drop();
  client.send("old", { key: "k" });
  client.send("stays");
  await messagesWhen(memory, ({ length }) => length === 2);
  const made = watchTransactions(lab);
  client.send("new", { key: "k" });
  client.send("last");
  let refused = 0;
  try {
    client.send("one too many");
  } catch {
    refused++;
  }
  await null;
  const puts = made[0].puts.map(({ number, data, gone }) => [number, data ?? gone]);
  equal([puts.sort(), made[0].committed, made.length], [[[1, true], [3, "new"], [4, "last"]], true, 1], "put"); // biome-ignore format: one line
  const rows = await messagesWhen(memory, ({ length }) => length === 3);
  equal([refused, textsOf(rows)], [1, ["stays", "new", "last"]], "refused, and rows");
  equal(client.drain(), ["stays", "new", "last"], "taken back");
  await null;
  ok(made.at(-1).committed && made.at(-1).puts.every(({ gone }) => gone), "marked in the task");
  await messagesWhen(memory, ({ length }) => length === 0);
  while ((await marksOf(memory)).length) await settled();
});

export const a_message_that_is_dropped_in_its_task_leaves_nothing = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  peer.socket.drop();
  const made = watchTransactions(lab);
  client.send("a");
  equal(client.drain(), ["a"], "taken back");
  await settled();
  equal(made.flatMap(({ puts, deletes }) => [...puts, ...deletes]).filter(({ lane }) => lane), [], "asked"); // biome-ignore format: one line
});

export const a_message_of_a_listener_is_stored_in_its_task = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  client.on("message", ({ data }) => client.send(`re: ${data}`, { priority: "high", key: "k", ttl: 1e6 }));
  await settled();
  peer.say("from", { stream: "", epoch: 1, next: 1 });
  const made = watchTransactions(lab);
  peer.send("a");
  await null;
  equal(textsOf(made[0].puts.filter(({ lane }) => lane !== undefined)), ["re: a"], "stored");
  equal(await peer.received(1), ["re: a"], "sent");
  const [{ lane, key, ttl }] = await storedMessages(memory);
  equal([lane, key, ttl], [0, "k", 1e6], "how");
});

export const what_is_sent_before_a_link_is_stored = test(async (lab) => {
  const name = freshName();
  const client = lab.client(durable(name, { autoConnect: false }));
  client.send("a");
  const [{ memory, user }] = await memoriesWhen(name, ({ length }) => length);
  equal([user, textsOf(await storedMessages(memory))], [undefined, ["a"]], "stored");
  client.connect();
  const peer = await nextPeer(lab);
  const hello = await peer.welcome();
  equal([await peer.received(1), hello.memories], [["a"], [memory]], "sent, and the memory");
  const [row] = await memoriesWhen(name, ([{ user }]) => user);
  equal([row.memory, row.birth, row.user], [memory, "b-1", "u"], "the record");
});

export const closing_deletes_all_and_says_so = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  client.send("given");
  await peer.received(1);
  peer.socket.drop();
  client.send("waits");
  await messagesWhen(memory, ({ length }) => length === 2);
  const events = record(client, ["dropped"]);
  client.close();
  equal(
    events.map(([, { data, reason, delivered }]) => [data, reason, delivered]),
    [
      ["given", "closed", "unknown"],
      ["waits", "closed", false],
    ],
    "dropped",
  );
  await memoriesWhen(name, ({ length }) => length === 0);
  equal([await storedMessages(memory), await storedMemories(name)], [[], []], "rows");
  const isHeld = async () => (await navigator.locks.query()).held.some((lock) => lock.name.includes(name));
  while (await isHeld()) await settled();
});

export const a_page_that_closes_and_leaves_in_one_task_sends_nothing_of_it_later = test(async (lab) => {
  for (const end of ["close", "drain"]) {
    const name = freshName();
    const { client, peer, memory } = await inDurableSession(lab, name);
    peer.socket.drop();
    for (let message = 0; message < 300; message++) client.send(`${message}`);
    await messagesWhen(memory, ({ length }) => length === 300);
    // The page is gone before anything that deletes is begun.
    const undo = lab.replace(IDBObjectStore.prototype, "delete", function () {
      return this.count();
    });
    client[end]();
    putAwayOnce();
    const second = lab.client(durable(name));
    const opened = event(second, "open");
    const next = await nextPeer(lab);
    await next.welcome(end === "drain" ? RESUMED : { session: "s-2", token: "u-1" });
    await opened;
    second.send("next");
    equal(await next.received(1), ["next"], `sent after ${end}`);
    undo();
    second.close();
  }
});

const putAwayOnce = () => globalThis.dispatchEvent(new Event("pagehide"));
