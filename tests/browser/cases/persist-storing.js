// A durable queue: what is stored, when, and that nothing leaves before.

import { equal, ok } from "../harness/assert.js";
import { durable, freshName, inDurableSession, recordsOf } from "../harness/durable.js";
import { again, nextPeer, RESUMED } from "../harness/peer.js";
import { messagesWhen, storedMessages, storedRows } from "../harness/stored.js";
import { event, record, settled, test } from "../harness/test.js";

const textsOf = (rows) => rows.map(({ data }) => data);

/** Calls `act` when a transaction of the database has been made, with what was asked of it and whether it was committed. */
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
  const name = freshName();
  const { client } = await inDurableSession(lab, name);
  const made = watchTransactions(lab);
  client.send("a");
  client.send("b");
  equal(made.length, 0, "transactions before the task is over");
  await null;
  const [fresh, stored, ...others] = made;
  const rowsOf = ({ puts }) => puts.filter(({ seq }) => seq).map(({ data, number }) => [data, number]);
  equal(rowsOf(fresh), [["a", 0], ["b", 0]], "where nothing waits for the disk"); // biome-ignore format: one line
  equal(rowsOf(stored), [["a", 1], ["b", 2]], "where a number does"); // biome-ignore format: one line
  equal([fresh.durability, stored.durability, others.length], ["relaxed", "strict", 0], "durability, and others");
  ok(fresh.committed, "committed");
});

/** WebKit deletes, and puts nothing, where a page goes away after the `commit()` of a transaction that is to do both. */
export const what_must_happen_as_a_whole_is_never_committed_early = test(async (lab) => {
  const client = lab.client(durable(freshName()));
  const made = watchTransactions(lab);
  client.send("early");
  const peer = await nextPeer(lab);
  await peer.welcome();
  await peer.received(1);
  client.send("late");
  await peer.received(2);
  const [{ memory }] = made.flatMap(({ puts }) => puts).filter(({ data }) => data === "late");
  peer.stored(2);
  await messagesWhen(memory, ({ length }) => length === 0);
  const changes = made.filter(({ puts, deletes }) => puts.length + deletes.length > 0);
  const isWhole = ({ durability, puts, deletes }) =>
    puts.length + deletes.length > 1 && (durability === "strict" || deletes.length > 0);
  ok(changes.filter(isWhole).length >= 3, "moved, numbered and done with");
  equal(changes.filter(isWhole).filter(({ committed }) => committed), [], "committed early"); // biome-ignore format: one line
  equal(changes.filter(({ committed }) => committed).flatMap(({ puts }) => textsOf(puts.filter(({ seq }) => seq))), ["early", "late"], "committed at once"); // biome-ignore format: one line
});

export const a_message_leaves_when_its_number_is_stored = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  client.send("a");
  await null;
  equal(peer.messages, [], "sent at once");
  await peer.received(1);
  const [row] = await storedMessages(memory);
  const [stored] = await storedRows(recordsOf(name));
  equal([row.data, row.number, stored.last], ["a", 1, 1], "row, number, and the last number");
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

export const messages_wait_for_the_commit_before_theirs = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  const made = watchTransactions(lab);
  for (const text of ["a", "b", "c"]) {
    client.send(text);
    await null;
  }
  const numbersOf = ({ puts }) => puts.filter(({ seq }) => seq).map(({ data, number }) => [data, number]);
  const written = () => made.map(numbersOf).filter(({ length }) => length);
  equal(written(), [[["a", 0]], [["a", 1]], [["b", 0]], [["c", 0]]], "stored at once");
  await peer.received(3);
  equal(written()[4], [["b", 2], ["c", 3]], "numbered together"); // biome-ignore format: one line
  equal(peer.messages, ["a", "b", "c"], "sent");
});

export const a_message_of_every_kind_is_stored_as_it_was = test(async (lab) => {
  const { client, memory } = await inDurableSession(lab, freshName());
  const buffer = Uint8Array.from([1, 2, 3]);
  client.send(buffer.subarray(1), { priority: "high" });
  client.send(buffer.buffer, { key: "k" });
  client.send(new Blob(["blob"]), { ttl: 60_000, priority: "low" });
  client.send("\ud800 text");
  buffer.fill(9);
  const rows = await messagesWhen(memory, ({ length }) => length === 4);
  const [view, plain, blob, text] = rows.sort((a, b) => a.seq - b.seq);
  equal([[...view.data], view.data.constructor.name, view.priority], [[2, 3], "Uint8Array", "high"], "a view");
  equal([[...new Uint8Array(plain.data)], plain.key, plain.priority], [[1, 2, 3], "k", "normal"], "a buffer");
  equal([await blob.data.text(), blob.ttl, blob.priority], ["blob", 60_000, "low"], "a blob");
  equal([text.data, text.ttl], ["\ud800 text", undefined], "a text");
});

export const volatile_messages_are_not_stored_but_their_numbers_are = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  client.send("a");
  client.send("now", { volatile: true });
  await peer.received(2);
  equal(textsOf(await storedMessages(memory)), ["a"], "rows");
  equal((await storedRows(recordsOf(name)))[0].last, 2, "the last number");
});

export const what_is_refused_dropped_or_taken_back_is_stored_no_more = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName(), {}, { queue: { maxMessages: 3 } });
  peer.socket.drop();
  client.send("old", { key: "k" });
  client.send("stays");
  await messagesWhen(memory, ({ length }) => length === 2);
  client.send("new", { key: "k" });
  client.send("last");
  let refused = 0;
  try {
    client.send("one too many");
  } catch {
    refused++;
  }
  const rows = await messagesWhen(memory, (found) => found.length === 3 && found.some(({ data }) => data === "new"));
  equal([refused, textsOf(rows).sort()], [1, ["last", "new", "stays"]], "refused, and rows");
  equal(client.drain().sort(), ["last", "new", "stays"], "taken back");
  await messagesWhen(memory, ({ length }) => length === 0);
});

export const a_message_of_a_listener_is_stored_in_its_task = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  client.on("message", ({ data }) => client.send(`re: ${data}`));
  await settled();
  peer.say("from", { stream: "", epoch: 1, next: 1 });
  const made = watchTransactions(lab);
  peer.send("a");
  await null;
  equal(textsOf(made[0].puts.filter(({ seq }) => seq)), ["re: a"], "stored");
  equal(await peer.received(1), ["re: a"], "sent");
  ok((await storedMessages(memory)).length === 1, "rows");
});

export const what_is_sent_before_a_link_is_stored = test(async (lab) => {
  const name = freshName();
  const client = lab.client(durable(name, { autoConnect: false }));
  client.send("a");
  while (!(await storedRows(recordsOf(name))).length) await settled();
  const [{ memory, id }] = await storedRows(recordsOf(name));
  equal([id, textsOf(await storedMessages(memory))], [undefined, ["a"]], "stored");
  client.connect();
  const peer = await nextPeer(lab);
  const hello = await peer.welcome();
  equal([await peer.received(1), hello.instance], [["a"], memory], "sent, and the instance");
  const [row] = await storedRows(recordsOf(name));
  equal([row.id, row.memory, row.last, row.user], ["s-1", memory, 1, "u"], "the record");
});

export const numbers_that_are_free_again_are_given_anew = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  for (const text of ["a", "b", "c"]) client.send(text);
  await peer.received(3);
  const events = record(client, ["dropped"]);
  const { peer: next } = await again(lab, client, peer, { ...RESUMED, received: 1, window: [1, 1_048_576] });
  await next.received(1);
  client.send("first", { priority: "high" });
  const rows = await messagesWhen(memory, (found) => found.some(({ data }) => data === "first"));
  const numbers = Object.fromEntries(rows.map(({ data, number }) => [data, number]));
  equal([next.messages, numbers, events], [["b"], { b: 2, c: 0, first: 0 }, []], "sent, and numbers");
  next.stored(2);
  await next.received(2);
  const after = Object.fromEntries((await storedMessages(memory)).map(({ data, number }) => [data, number]));
  equal([next.messages[1], after], ["c", { c: 3, first: 0 }], "then");
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
  await messagesWhen(memory, ({ length }) => length === 0);
  while ((await storedRows(recordsOf(name))).length) await settled();
  const { held } = await navigator.locks.query();
  equal(
    held.filter((lock) => lock.name.includes(name)),
    [],
    "locks",
  );
});

export const a_link_that_is_lost_during_a_commit_loses_nothing = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  const opened = event(client, "open");
  client.send("a");
  await null;
  peer.socket.drop();
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  await opened;
  equal([peer.messages, await next.received(1)], [[], ["a"]], "sent");
});
