// A durable queue: what the next page finds, and what becomes of it.

import { equal, hasCode, ok, rejectsCode } from "../harness/assert.js";
import { comeBack, durable, followIn, freshName, inDurableSession, leaveBehind, putAway } from "../harness/durable.js";
import { again, nextPeer, RESUMED } from "../harness/peer.js";
import { holdLock, memoriesWhen, messagesWhen, putMessage, putRow, storedMessages } from "../harness/stored.js";
import { event, record, settled, test } from "../harness/test.js";

const HOUR_MS = 3_600_000;
const droppedOf = (events) =>
  events.filter(([name]) => name === "dropped").map(([, { data, reason, delivered }]) => [data, reason, delivered]);

/** The next page: its client, events and peer, which has been welcomed and has answered for what was left. */
async function nextPage(lab, name, received = 0, options = {}) {
  const client = lab.client(durable(name, options));
  const events = record(client, ["dropped", "error", "gap"]);
  const opened = event(client, "open");
  const peer = await nextPeer(lab);
  await peer.welcome();
  await opened;
  const adopted = await peer.adopt(received);
  return { client, peer, adopted, events };
}

export const the_next_page_sends_what_is_not_stored_at_the_server = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["one", "two", { data: "four", number: 4 }]);
  const { peer, client, adopted } = await nextPage(lab, name, 1);
  equal([await peer.received(2), adopted], [["two", "four"], memory], "sent, and whose");
  const lanes = () => peer.lanes.map(({ memory, lane, next }) => [memory, lane, next]);
  equal(lanes(), [[memory, 1, 2], [memory, 1, 4]], "their numbers"); // biome-ignore format: one line
  client.send("own");
  equal((await peer.received(3)).at(-1), "own", "sent");
  equal(lanes().at(-1), [peer.memory, 1, 1], "in its own memory");
  peer.storedOf(memory, 4);
  peer.stored(1);
  await client.flush();
  // Without localStorage nobody knows what is noted there.
  if (globalThis.localStorage) equal((await peer.control("done")).body, { memory }, "done");
  const records = await memoriesWhen(name, ({ length }) => length === 1);
  equal([records[0].memory, await storedMessages(memory)], [peer.memory, []], "what is left");
});

export const what_has_reached_the_server_is_not_sent_again = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["one", "two"]);
  const { client, peer, events } = await nextPage(lab, name, 2);
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
  const memory = await leaveBehind(name, [
    { data: "low", lane: 2 },
    { data: "old", key: "k" },
    { data: "high", lane: 0 },
    { data: "other", key: "l" },
  ]);
  followIn(name, memory);
  const client = lab.client(durable(name));
  const events = record(client, ["dropped"]);
  client.send("new", { key: "k" });
  const peer = await nextPeer(lab);
  await peer.welcome();
  await peer.adopt();
  equal(await peer.received(4), ["high", "other", "low", "new"], "sent");
  equal(droppedOf(events), [["old", "replaced", false]], "dropped");
});

export const what_was_dropped_is_given_back_as_the_application_knows_it = test(async (lab) => {
  const name = freshName();
  const expired = { ttl: 0, at: Date.now() - 1_000 };
  await leaveBehind(name, [{ data: '{"a":1}', ...expired }, { data: "no json", ...expired }]); // biome-ignore format: one line
  const { client, events } = await nextPage(lab, name, 0, { codec: "json" });
  while (events.length < 2) await settled();
  equal(droppedOf(events), [[{ a: 1 }, "ttl", false], ["no json", "ttl", false]], "with json"); // biome-ignore format: one line
  client.close();
  const other = freshName();
  await leaveBehind(other, [{ data: Uint8Array.from([7]), ...expired }]);
  const codec = { encode: (value) => value, decode: (data) => [...new Uint8Array(data)] };
  const { events: more } = await nextPage(lab, other, 0, { codec });
  while (!more.length) await settled();
  equal(droppedOf(more), [[[7], "ttl", false]], "with a codec");
});

export const what_a_server_has_forgotten_is_unknown = test(async (lab) => {
  const name = freshName();
  await leaveBehind(name, ["one", "two"], { birth: "b-0" });
  const { client, peer, events } = await nextPage(lab, name);
  client.send("next");
  equal(await peer.received(1), ["next"], "sent");
  equal(droppedOf(events), [["one", "session-lost", "unknown"], ["two", "session-lost", "unknown"]], "dropped"); // biome-ignore format: one line
});

export const a_session_that_is_gone_takes_no_message_along = test(async (lab) => {
  const name = freshName();
  await leaveBehind(name, ["waits"]);
  await putRow({ name: `ws://fake.test/${name}`, id: "s-1", token: "t-1" });
  const client = lab.client(durable(name));
  const events = record(client, ["dropped"]);
  const peer = await nextPeer(lab);
  const hello = await peer.welcome({ session: "s-2", token: "u-1", reason: "unknown" });
  await peer.adopt();
  equal([await peer.received(1), hello.session, events], [["waits"], "s-1", []], "sent");
});

export const what_a_page_sends_follows_what_its_tab_has_left = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["first"]);
  followIn(name, memory);
  const client = lab.client(durable(name));
  client.send("second");
  const peer = await nextPeer(lab);
  await peer.welcome();
  await settled();
  equal(peer.messages, [], "sent before anything is known of what was left");
  await peer.adopt();
  equal(await peer.received(2), ["first", "second"], "sent");
});

export const memories_come_in_their_order = test(async (lab) => {
  const name = freshName();
  const places = [["c", 7], ["a", 1], ["d", undefined], ["b", 2]]; // biome-ignore format: one line
  const memories = [];
  for (const [data, place] of places) memories.push(await leaveBehind(name, [data], { place }));
  followIn(name, ...memories);
  const client = lab.client(durable(name));
  client.send("own");
  const peer = await nextPeer(lab);
  await peer.welcome();
  for (let nth = 1; nth < 5; nth++) await peer.adopt(0, nth);
  equal(await peer.received(5), ["a", "b", "c", "d", "own"], "sent");
});

export const a_clock_that_was_put_back_reorders_nothing = test(async (lab) => {
  // A worker has nothing but the clock.
  if (!globalThis.localStorage) return;
  const name = freshName();
  const { now } = Date;
  for (const [at, text] of ["A", "B"].entries()) {
    const undo = lab.replace(Date, "now", () => now() - at * 5_000);
    const client = lab.client(durable(name, { autoConnect: false }));
    client.send(text);
    await memoriesWhen(name, ({ length }) => length === at + 1);
    client.release();
    undo();
  }
  const client = lab.client(durable(name));
  client.send("C");
  const peer = await nextPeer(lab);
  await peer.welcome();
  for (let nth = 1; nth < 3; nth++) await peer.adopt(0, nth);
  equal(await peer.received(3), ["A", "B", "C"], "sent");
});

export const a_page_that_was_never_welcomed_leaves_its_messages = test(async (lab) => {
  const name = freshName();
  const first = lab.client(durable(name));
  const gone = rejectsCode(first.deliver("a"), "ABORTED");
  const deaf = await nextPeer(lab);
  await deaf.control("hello");
  putAway();
  await gone;
  const { peer } = await nextPage(lab, name);
  equal(await peer.received(1), ["a"], "sent");
});

export const a_page_that_is_put_away_leaves_all_to_the_next = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name, {}, { reconnect: { first: 1e9 } });
  client.send("given");
  await peer.received(1);
  const events = record(client, ["dropped"]);
  putAway();
  client.send("sent while it goes");
  const [, { memory: other }] = await memoriesWhen(name, ({ length }) => length === 2).then((records) =>
    records.sort((a, b) => a.place - b.place),
  );
  const next = lab.client(durable(name));
  const nextLink = await nextPeer(lab);
  await nextLink.welcome(RESUMED);
  const adopted = [await nextLink.adopt(0, 1), await nextLink.adopt(0, 2)];
  equal(adopted.sort(), [memory, other].sort(), "memories");
  equal(await nextLink.received(2), ["given", "sent while it goes"], "sent by the next");
  equal([next.session.id, events], ["s-1", []], "the session, and what the first dropped");
});

export const a_page_that_comes_back_finds_what_it_left = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  const given = rejectsCode(client.deliver("given"), "ABORTED");
  client.send("second");
  await peer.received(2);
  putAway();
  await given;
  client.send("third");
  comeBack();
  client.send("last");
  const next = await nextPeer(lab);
  const hello = await next.welcome(RESUMED);
  equal(await next.adopt(1), memory, "what it left");
  equal(await next.received(3), ["second", "third", "last"], "sent");
  next.storedOf(memory, 2);
  next.stored(2);
  await client.flush();
  await messagesWhen(memory, ({ length }) => length === 0);
  ok(hello.memories[0] !== memory, "another memory");
});

export const what_another_page_took_is_not_sent_by_the_one_that_comes_back = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  client.send("given");
  await peer.received(1);
  putAway();
  const letGo = await holdLock(name, memory);
  const [row] = await storedMessages(memory);
  await putMessage({ ...row, gone: true });
  await putMessage({ ...row, number: 2, data: "left by it" });
  letGo();
  comeBack();
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  await next.adopt(0);
  equal(await next.received(1), ["left by it"], "sent");
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
  client.send("a");
  putAway();
  await null;
  giveUp();
  await Promise.all(given);
  ok(given.length > 0, "given up");
  comeBack();
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  await next.adopt();
  equal(await next.received(1), ["a"], "sent");
  next.storedOf(memory, 1);
  await client.flush();
  equal(errors, [], "errors");
});

export const claims_rise_faster_while_no_welcome_follows = test(async (lab) => {
  const name = freshName();
  await putRow({ name: `ws://fake.test/${name}`, id: "s-1", token: "t-1", claim: 4 });
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

export const a_page_whose_first_hello_is_taken_over_begins_a_session_of_its_own = test(async (lab) => {
  const name = freshName();
  await leaveBehind(name, ["waits"]);
  await putRow({ name: `ws://fake.test/${name}`, id: "s-1", token: "t-1" });
  const client = lab.client(durable(name));
  const events = record(client, ["failed", "dropped"]);
  const peer = await nextPeer(lab);
  await peer.control("hello");
  peer.socket.drop(4409, "TAKEN_OVER");
  const next = await nextPeer(lab);
  const hello = await next.welcome({ session: "s-2", token: "u-1" });
  await next.adopt();
  equal([await next.received(1), hello.session, events], [["waits"], undefined, []], "sent");
});

export const a_session_that_was_taken_over_takes_no_message_along = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  const events = record(client, ["dropped", "failed"]);
  client.send("given");
  await peer.received(1);
  peer.socket.drop(4409, "TAKEN_OVER");
  hasCode(events.at(-1)[1], "TAKEN_OVER");
  client.send("waits");
  client.reconnect();
  const next = await nextPeer(lab);
  const hello = await next.welcome({ session: "s-2", token: "u-1" });
  equal([await next.adopt(), hello.session], [memory, undefined], "another session");
  equal([await next.received(2), events.length], [["given", "waits"], 1], "sent, and told");
});

export const a_page_in_use_again_that_nobody_told_loses_doubles_and_reorders_nothing = test(async (lab) => {
  const acts = {
    focus: () => globalThis.dispatchEvent(new Event("focus")),
    connect: (client) => client.connect(),
    reconnect: (client) => client.reconnect(),
    send: () => {},
  };
  for (const [name, act] of Object.entries(acts)) {
    const { client, peer, memory } = await inDurableSession(lab, freshName());
    client.send("given");
    await peer.received(1);
    putAway();
    client.send("waits");
    act(client);
    client.send("last");
    const next = await nextPeer(lab);
    await next.welcome(RESUMED);
    const left = [await next.adopt()];
    // What was sent in a task that ended while it was away is left as well.
    if (name === "send") left.push(await next.adopt(0, 2));
    equal(left.includes(memory), true, `what it left, after ${name}`);
    equal(await next.received(3), ["given", "waits", "last"], `sent after ${name}`);
    client.close();
  }
});

/** A page that takes what a hundred thousand messages need has no task in which it does not answer. */
export const many_rows_hold_no_page_up = test(async (lab) => {
  const name = freshName();
  const count = 5_000;
  await leaveBehind(
    name,
    Array.from({ length: count }, (_, at) => `${at}`),
  );
  const longest = watchTasks(lab);
  const { client, peer, adopted } = await nextPage(lab, name);
  for (let stored = 0; stored < count; peer.storedOf(adopted, stored)) {
    const before = stored;
    while (stored === before) {
      await settled();
      stored = peer.messages.length;
    }
  }
  await client.flush();
  equal(
    peer.messages,
    Array.from({ length: count }, (_, at) => `${at}`),
    "sent",
  );
  ok(longest() < 200, `a task of ${longest()} ms`);
});

/** How long the longest task was until now, in milliseconds. */
function watchTasks(lab) {
  let longest = 0;
  const observer =
    globalThis.PerformanceObserver &&
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    });
  try {
    observer?.observe({ type: "longtask" });
  } catch {}
  lab.later(() => observer?.disconnect());
  return () => longest;
}
