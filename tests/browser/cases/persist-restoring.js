// A durable queue: what the next page finds, and what becomes of it.

import { equal, hasCode, ok, rejectsCode } from "../harness/assert.js";
import {
  comeBack,
  durable,
  freshMemory,
  freshName,
  inDurableSession,
  leaveBehind,
  putAway,
  recordsOf,
} from "../harness/durable.js";
import { again, begunAnew, nextPeer, RESUMED } from "../harness/peer.js";
import { holdLock, inStore, messagesWhen, putMessage, putRow, storedMessages, storedRows } from "../harness/stored.js";
import { event, record, test } from "../harness/test.js";

const HOUR_MS = 3_600_000;
const textsOf = (rows) => rows.map(({ data }) => data);
const droppedOf = (events) =>
  events.filter(([name]) => name === "dropped").map(([, { data, reason, delivered }]) => [data, reason, delivered]);

/** The next page: its client and peer, welcomed with these fields, and the client's events. */
async function nextPage(lab, name, fields = RESUMED, options = {}) {
  const client = lab.client(durable(name, options));
  const events = record(client, ["dropped", "error", "open", "gap"]);
  const opened = event(client, "open");
  const peer = await nextPeer(lab);
  const hello = await peer.welcome(fields);
  await opened;
  return { client, peer, hello, events };
}

export const the_next_page_sends_what_is_not_stored_at_the_server = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(
    name,
    [{ data: "one", number: 1 }, { data: "two", number: 2 }, { data: "three", number: 3 }, "waits"],
    { last: 3 },
  );
  const { peer, hello, client } = await nextPage(lab, name, { ...RESUMED, received: 1 });
  equal([hello.session, hello.token, hello.instance, hello.claim], ["s-1", "t-1", memory, 5], "who");
  equal(await peer.received(3), ["two", "three", "waits"], "sent");
  const rows = await storedMessages(memory);
  equal(rows.map(({ data, number }) => [data, number]).sort((a, b) => a[1] - b[1]), [["two", 2], ["three", 3], ["waits", 4]]); // biome-ignore format: one line
  const flushed = client.flush();
  peer.stored(4);
  await flushed;
  await messagesWhen(memory, ({ length }) => length === 0);
});

export const what_has_reached_the_server_is_not_sent_again = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(
    name,
    [
      { data: "one", number: 1 },
      { data: "two", number: 2 },
    ],
    { last: 2 },
  );
  const { client, peer, events } = await nextPage(lab, name, { ...RESUMED, received: 2 });
  await client.flush();
  await messagesWhen(memory, ({ length }) => length === 0);
  client.send("next");
  equal([await peer.received(1), droppedOf(events)], [["next"], []], "sent, and dropped");
});

export const time_goes_on_while_no_page_is_there = test(async (lab) => {
  const name = freshName();
  const now = Date.now();
  await leaveBehind(name, [
    { data: "expired", ttl: 1_000, at: now - 2_000 },
    { data: "lives", ttl: HOUR_MS, at: now - 2_000 },
    { data: "of a clock that went back", ttl: 1_000, at: now + HOUR_MS },
  ]);
  const { peer, events } = await nextPage(lab, name);
  equal(await peer.received(2), ["lives", "of a clock that went back"], "sent");
  equal(droppedOf(events), [["expired", "ttl", false]], "dropped");
});

export const priorities_and_keys_hold_on_the_next_page = test(async (lab) => {
  const name = freshName();
  await leaveBehind(name, [
    { data: "low", priority: "low" },
    { data: "old", key: "k" },
    { data: "high", priority: "high" },
    { data: "other", key: "l" },
  ]);
  const client = lab.client(durable(name));
  const events = record(client, ["dropped"]);
  client.send("new", { key: "k" });
  const peer = await nextPeer(lab);
  await peer.welcome(RESUMED);
  equal(await peer.received(4), ["high", "other", "new", "low"], "sent");
  equal(droppedOf(events), [["old", "replaced", false]], "dropped");
});

export const what_was_dropped_is_given_back_as_the_application_knows_it = test(async (lab) => {
  const name = freshName();
  const expired = { ttl: 0, at: Date.now() - 1_000 };
  const bytes = Uint8Array.from([7]);
  await leaveBehind(name, [{ data: '{"a":1}', ...expired }, { data: "no json", ...expired }]); // biome-ignore format: one line
  const { client, events } = await nextPage(lab, name, RESUMED, { codec: "json" });
  equal(droppedOf(events), [[{ a: 1 }, "ttl", false], ["no json", "ttl", false]], "with json"); // biome-ignore format: one line
  client.close();
  const other = freshName();
  await leaveBehind(other, [{ data: bytes, ...expired }]);
  const codec = { encode: (value) => value, decode: (data) => [...new Uint8Array(data)] };
  const next = await nextPage(lab, other, RESUMED, { codec });
  equal(droppedOf(next.events), [[[7], "ttl", false]], "with a codec");
});

export const storage_that_has_gone_back_in_time_is_noticed = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, [{ data: "one", number: 1 }, "two"], { last: 1 });
  const { client, peer, events } = await nextPage(lab, name, { ...RESUMED, received: 5 });
  equal(droppedOf(events), [["one", "session-lost", "unknown"], ["two", "session-lost", "unknown"]], "dropped"); // biome-ignore format: one line
  client.send("next");
  equal(await peer.received(1), ["next"], "sent");
  equal(
    (await storedMessages(memory)).map(({ number }) => number),
    [6],
    "its number",
  );
});

export const a_session_that_is_gone_leaves_what_has_no_number = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, [{ data: "given", number: 4 }, "waits"], { last: 4 });
  const fields = { session: "s-2", token: "u-1", reason: "unknown" };
  const { peer, hello, events } = await nextPage(lab, name, fields);
  const { peer: own, hello: second } = await begunAnew(lab, { session: "s-2" });
  equal([await own.received(1), peer.messages], [["waits"], []], "sent");
  ok(second.memories[0] !== hello.memories[0], "in a memory of the new session's");
  equal(droppedOf(events), [["given", "session-lost", "unknown"]], "dropped");
  const [row] = await storedRows(recordsOf(name));
  equal([row.id, row.memory, row.own, row.last], ["s-2", memory, second.memories[0], 1], "the record");
});

export const a_memory_that_the_server_forgot_leaves_what_has_no_number = test(async (lab) => {
  const name = freshName();
  const own = freshMemory();
  const known = { last: 4, own, births: { [own]: "b-0" } };
  const memory = await leaveBehind(name, [{ data: "given", number: 4 }, "waits"], known);
  const { peer, hello, events } = await nextPage(lab, name, RESUMED);
  equal([await peer.received(1), hello.memories], [["waits"], [own]], "sent, and in which memory");
  equal(droppedOf(events), [["given", "session-lost", "unknown"]], "dropped");
  const [row] = await storedRows(recordsOf(name));
  equal([row.id, row.memory, row.last], ["s-1", memory, 1], "the record");
});

export const messages_sent_before_the_welcome_join_those_of_the_session = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["first"]);
  const client = lab.client(durable(name));
  client.send("second");
  const peer = await nextPeer(lab);
  await peer.control("hello");
  const stash = (await storedRows(recordsOf(name))).find((row) => row.memory !== memory);
  equal(textsOf(await messagesWhen(stash.memory, ({ length }) => length)), ["second"], "in the stash");
  await peer.welcome(RESUMED);
  equal(await peer.received(2), ["first", "second"], "sent");
  const rows = await storedMessages(memory);
  equal(rows.map(({ data, number }) => [data, number]), [["first", 1], ["second", 2]], "in the session"); // biome-ignore format: one line
  equal((await storedRows(recordsOf(name))).length, 1, "records");
});

export const what_a_page_sent_before_it_was_welcomed_follows_what_it_found = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["first"]);
  const stash = freshMemory();
  await putRow({ name: recordsOf(name), memory: stash, instance: stash, claim: 0, last: 0, parent: memory });
  await putMessage({ memory: stash, seq: 1, data: "second" });
  const { client, peer } = await nextPage(lab, name);
  client.send("third");
  equal(await peer.received(3), ["first", "second", "third"], "sent");
  equal(
    (await storedRows(recordsOf(name))).map((row) => row.memory),
    [memory],
    "records",
  );
});

export const a_page_that_was_never_welcomed_leaves_its_messages = test(async (lab) => {
  const name = freshName();
  const first = lab.client(durable(name));
  first.send("a");
  const deaf = await nextPeer(lab);
  await deaf.control("hello");
  putAway();
  const { peer, hello } = await nextPage(lab, name, {});
  equal([await peer.received(1), hello.session], [["a"], undefined], "sent");
});

export const a_page_that_is_put_away_leaves_all_to_the_next = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name, {}, { reconnect: { first: 1e9 } });
  client.send("given");
  await peer.received(1);
  const events = record(client, ["dropped"]);
  putAway();
  client.send("sent while it goes");
  await messagesWhen(memory, ({ length }) => length === 1);
  const next = await nextPage(lab, name, { ...RESUMED, received: 0 });
  equal(await next.peer.received(2), ["given", "sent while it goes"], "sent by the next");
  equal([next.hello.instance, events], [memory, []], "the instance, and what the first dropped");
});

export const a_page_that_comes_back_finds_what_it_left = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  const given = client.deliver("given");
  await peer.received(1);
  putAway();
  const waits = client.deliver("waits");
  comeBack();
  client.send("last");
  const next = await nextPeer(lab);
  const hello = await next.welcome({ ...RESUMED, received: 1 });
  equal([await next.received(2), hello.instance], [["waits", "last"], memory], "sent");
  next.stored(3);
  await Promise.all([given, waits]);
  await messagesWhen(memory, ({ length }) => length === 0);
});

export const what_another_page_took_is_not_sent_by_the_one_that_comes_back = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  const given = rejectsCode(client.deliver("given"), "ABORTED");
  await peer.received(1);
  putAway();
  const letGo = await holdLock(recordsOf(name), memory);
  const rows = await storedMessages(memory);
  await putRow({ ...(await storedRows(recordsOf(name)))[0], claim: 9, token: "t-9" });
  await putMessage({ ...rows[0], data: "another's", number: 0 });
  await putMessage({ ...rows[0], seq: rows[0].seq + 1, data: "another's as well", number: 0 });
  await deleteMessage(rows[0]);
  letGo();
  comeBack();
  const next = await nextPeer(lab);
  const hello = await next.welcome({ ...RESUMED, received: 1 });
  await given;
  equal([await next.received(1), hello.claim, hello.token], [["another's as well"], 10, "t-9"], "sent");
});

export const records_too_old_to_be_known_are_reported_and_forgotten = test(async (lab) => {
  const name = freshName();
  const at = Date.now() - 31 * 24 * HOUR_MS;
  const memory = await leaveBehind(name, [{ data: "given", number: 1 }, "waits"], { last: 1, at });
  const { hello, events } = await nextPage(lab, name, {});
  equal(hello.session, undefined, "the session");
  equal(droppedOf(events), [["given", "session-lost", "unknown"], ["waits", "session-lost", false]], "dropped"); // biome-ignore format: one line
  equal([await storedMessages(memory), (await storedRows(recordsOf(name))).length], [[], 1], "rows and records");
  ok(!events.some(([kind]) => kind === "error"), "no error");
});

export const a_session_that_was_taken_over_leaves_nothing = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  const events = record(client, ["dropped", "failed"]);
  client.send("given");
  await peer.received(1);
  peer.socket.drop(4409, "TAKEN_OVER");
  equal(droppedOf(events), [["given", "session-lost", "unknown"]], "dropped");
  hasCode(events.at(-1)[1], "TAKEN_OVER");
  await messagesWhen(memory, ({ length }) => length === 0);
  client.send("waits");
  client.reconnect();
  const next = await nextPeer(lab);
  await next.welcome({ session: "s-2", token: "u-1" });
  const { peer: own } = await begunAnew(lab, { session: "s-2" });
  equal([await own.received(1), next.messages], [["waits"], []], "sent in another session");
});

export const what_a_browser_gives_up_when_a_page_is_put_away_is_sent_when_it_is_back = test(async (lab) => {
  const { client, memory } = await inDurableSession(lab, freshName());
  const errors = record(client, ["error"]);
  const { transaction } = IDBDatabase.prototype;
  const given = [];
  const giveUp = lab.replace(IDBDatabase.prototype, "transaction", function (...args) {
    const one = transaction.apply(this, args);
    one.commit = () => one.abort();
    given.push(new Promise((resolve) => one.addEventListener("abort", resolve)));
    return one;
  });
  const delivered = client.deliver("a");
  putAway();
  await null;
  giveUp();
  await Promise.all(given);
  ok(given.length > 0, "given up");
  equal(await storedMessages(memory), [], "what is stored");
  comeBack();
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  equal(await next.received(1), ["a"], "sent");
  next.stored(1);
  await delivered;
  equal(errors, [], "errors");
});

export const claims_rise_faster_while_no_welcome_follows = test(async (lab) => {
  const name = freshName();
  await leaveBehind(name, ["waits"]);
  const client = lab.client(durable(name));
  const claims = [];
  for (let link = 0; link < 3; link++) {
    const peer = await nextPeer(lab);
    const { body } = await peer.control("hello");
    claims.push(body.claim);
    peer.socket.drop(1006, "");
  }
  const peer = await nextPeer(lab);
  claims.push((await peer.welcome(RESUMED)).claim);
  const { hello } = await again(lab, client, peer, RESUMED);
  equal([...claims, hello.claim], [5, 7, 11, 19, 20], "claims");
});

async function deleteMessage({ memory, seq }) {
  for (const name of ["fresh", "messages"]) await inStore(name, (store) => store.delete([memory, seq]));
}

export const a_page_in_use_again_that_nobody_told_loses_doubles_and_reorders_nothing = test(async (lab) => {
  const acts = {
    focus: () => globalThis.dispatchEvent(new Event("focus")),
    connect: (client) => client.connect(),
    reconnect: (client) => client.reconnect(),
    send: () => {},
  };
  for (const act of Object.values(acts)) {
    const { client, peer, memory } = await inDurableSession(lab, freshName());
    client.send("given");
    await peer.received(1);
    putAway();
    client.send("waits");
    act(client);
    client.send("last");
    const next = await nextPeer(lab);
    const hello = await next.welcome({ ...RESUMED, received: 0 });
    equal([await next.received(3), hello.instance], [["given", "waits", "last"], memory], "sent");
    next.stored(3);
    await messagesWhen(memory, ({ length }) => length === 0);
    client.close();
  }
});
