// Letting go of a client without an end: what the next one of the same name finds. And what is left: nothing.

import { equal, ok, rejectsCode, throwsCode } from "../harness/assert.js";
import { durable, freshName, inDurableSession, putAway } from "../harness/durable.js";
import { again, freshUrl, inSession, nextPeer, RESUMED } from "../harness/peer.js";
import { watchPlatform } from "../harness/platform.js";
import { memoriesWhen, messagesWhen, rowsWhen, storedMessages, storedRows } from "../harness/stored.js";
import { event, namesOf, record, settled, test } from "../harness/test.js";

const END = ["disconnect", "statechange", "dropped", "failed", "close"];
const RELEASED = { code: 4000, reason: "released" };

/** The locks of a name that somebody holds or waits for. */
const locksOf = async (name) => {
  const { held, pending } = await navigator.locks.query();
  return [...held, ...pending].filter((lock) => lock.name.startsWith(`steadfast:${name}:`)).length;
};

/** Until nobody holds or waits for a lock of a name, and nothing is in these `lists`. */
const allFree = async (name, ...lists) => {
  while ((await locksOf(name)) || lists.some(({ size }) => size)) await settled();
};

/** The next client of a durable queue, welcomed back into session "s-1". */
async function nextClient(lab, name, fields = {}) {
  const client = lab.client(durable(name));
  const peer = await nextPeer(lab);
  const hello = await peer.welcome({ ...RESUMED, ...fields });
  return { client, peer, hello };
}

export const without_a_session_it_is_closing_with_4000 = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const events = record(client, END);
  client.release();
  equal(namesOf(events), ["disconnect", "statechange closing", "statechange closed", "close"], "events");
  equal(events[0][1], { ...RELEASED, wasClean: true, willRetry: false, unconfirmed: 0 }, "the disconnect event");
  equal(events[3][1], { ...RELEASED, wasClean: true }, "the close event");
  equal(socket.closedWith, RELEASED, "the socket was closed with");
  const waiting = lab.client();
  waiting.send("a");
  const dropped = record(waiting, ["dropped"]);
  waiting.release();
  equal(dropped, [["dropped", { data: "a", reason: "closed", delivered: false }]], "what waited");
});

export const afterwards_every_call_throws_and_twice_is_harmless = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  const calls = {
    deliver: () => client.deliver("x"),
    flush: () => client.flush(),
    ping: () => client.ping(),
    authenticate: () => client.authenticate("token"),
  };
  const pending = [...Object.values(calls).map((call) => call()), client.once("gap")].map((promise) =>
    rejectsCode(promise, "CLOSED"),
  );
  const reading = client[Symbol.asyncIterator]().next();
  let closes = 0;
  client.on("close", () => {
    closes++;
    client.release();
    client.close(4001, "again");
  });
  client.release();
  client.release();
  client.close();
  await Promise.all(pending);
  equal([(await reading).done, closes, client.state], [true, 1, "closed"], "iterator, closes and state");
  equal(peer.socket.closedWith, RELEASED, "closed with");
  for (const act of [() => client.send("x"), () => client.connect(), () => client.reconnect()]) {
    throwsCode(act, "CLOSED");
  }
  for (const call of Object.values(calls)) await rejectsCode(call(), "CLOSED");
  await rejectsCode(client.once("open"), "CLOSED");
  equal(client.queued, { messages: 0, bytes: 0 }, "what waits");
});

export const nothing_of_it_is_left_on_the_platform = test(async (lab) => {
  const platform = watchPlatform();
  lab.later(() => platform.stop());
  const channels = new Set();
  const Channel = globalThis.BroadcastChannel;
  lab.replace(
    globalThis,
    "BroadcastChannel",
    class extends Channel {
      constructor(name) {
        super(name);
        channels.add(this);
      }
      close() {
        super.close();
        channels.delete(this);
      }
    },
  );
  const databases = watchDatabases(lab);
  const name = freshName();
  const { client } = await inDurableSession(lab, name, {}, { heartbeat: {} });
  while (!channels.size) await settled();
  client.send("waits");
  client.release();
  equal([platform.timers, platform.listeners], [0, []], "timers and listeners of the page");
  await allFree(name, channels, databases);
  // In the midst of its beginning.
  for (const act of [() => {}, settled, async () => lab.network.next()]) {
    const early = lab.client(durable(name));
    await act();
    early.release();
    await allFree(name, channels, databases);
    equal([platform.timers, platform.listeners], [0, []], "what is left");
  }
});

/** The connections that clients open from now on, and do not close. */
function watchDatabases(lab) {
  const open = new Set();
  const { close, transaction } = IDBDatabase.prototype;
  lab.replace(IDBDatabase.prototype, "transaction", function (...asked) {
    // Those of the harness do not last.
    if (asked[2]) open.add(this);
    return transaction.apply(this, asked);
  });
  lab.replace(IDBDatabase.prototype, "close", function () {
    open.delete(this);
    close.call(this);
  });
  return open;
}

export const the_next_client_goes_on_with_the_session = test(async (lab) => {
  const url = freshUrl();
  const { client, peer, hello: first } = await inSession(lab, { session: true }, {}, url);
  await rowsWhen(url, ([row]) => row?.id === "s-1");
  client.on("message", () => {});
  peer.say("from", { stream: "", epoch: 5, next: 1 });
  peer.send("one", "two");
  await settled();
  const dropped = record(client, ["dropped"]);
  client.send("given");
  client.release();
  lab.client({ session: true }, url);
  const next = await nextPeer(lab);
  const { body: second } = await next.control("hello");
  equal(peer.messages, ["given"], "what it sent in the same task");
  equal(dropped, [["dropped", { data: "given", reason: "closed", delivered: "unknown" }]], "dropped");
  equal(
    peer.controls.at(-1),
    { name: "handed", count: 1, body: { stream: "", epoch: 5, number: 2 } },
    "the last frame",
  );
  equal(peer.socket.closedWith, RELEASED, "closed with");
  equal([second.session, second.token, second.claim], ["s-1", "t-1", first.claim + 1], "the session");
});

export const a_session_in_memory_ends_since_nobody_could_go_on_with_it = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  client.release();
  equal([peer.controls.at(-1).name, peer.socket.closedWith], ["end", RELEASED], "the last frame, and closed with");
});

export const a_message_in_hand_comes_again_to_the_next_client = test(async (lab) => {
  const url = freshUrl();
  const { client, peer } = await inSession(lab, { session: true }, {}, url);
  await rowsWhen(url, ([row]) => row?.id === "s-1");
  client.on("message", ({ data }) => data === "two" && client.release());
  peer.say("from", { stream: "", epoch: 5, next: 1 });
  peer.texts("one", "two", "three");
  await settled();
  equal(peer.controls.at(-1).body, { stream: "", epoch: 5, number: 1 }, "acknowledged");
  equal(client.state, "closed", "the state");
});

export const what_was_sent_without_a_link_is_delivered_by_the_next_client = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  client.send("a");
  await peer.received(1);
  peer.socket.drop();
  client.send("b");
  const volatile = record(client, ["dropped"]);
  client.send("lost", { volatile: true });
  const given = rejectsCode(client.deliver("c"), "CLOSED");
  client.release();
  await given;
  equal(
    volatile.map(([, { data }]) => data),
    ["lost"],
    "dropped",
  );
  const { peer: next, hello } = await nextClient(lab, name);
  equal(await next.adopt(1), memory, "what the first has left");
  equal([await next.received(2), hello.session], [["b", "c"], "s-1"], "delivered");
  next.storedOf(memory, 3);
  await messagesWhen(memory, ({ length }) => length === 0);
});

export const a_client_can_be_let_go_of_in_every_state_and_the_next_one_sends_what_it_took = test(async (lab) => {
  const make = {
    idle: (name) => lab.client(durable(name, { autoConnect: false })),
    connecting: (name) => lab.client(durable(name)),
    open: async (name) => (await inDurableSession(lab, name)).client,
    reconnecting: async (name) => {
      const { client, peer } = await inDurableSession(lab, name, {}, { reconnect: { first: 60_000 } });
      peer.socket.drop();
      return client;
    },
    suspended: async (name) => {
      const { client } = await inDurableSession(lab, name);
      putAway();
      return client;
    },
    failed: async (name) => {
      const { client, peer } = await inDurableSession(lab, name);
      peer.socket.drop(1008);
      return client;
    },
  };
  for (const [state, begin] of Object.entries(make)) {
    const name = freshName();
    const client = await begin(name);
    client.send(state);
    const events = record(client, ["dropped", "failed", "close", "error"]);
    client.release();
    equal([client.state, namesOf(events)], ["closed", ["close"]], `after ${state}`);
    const isNew = state === "idle" || state === "connecting";
    const { peer } = await nextClient(lab, name, isNew ? { resumed: false, reason: "new" } : {});
    await peer.adopt();
    equal(await peer.received(1), [state], "sent by the next client");
    lab.closeClients();
    equal(lab.network.live.length, 0, "links");
  }
});

/** Mounts, unmounts, and mounts again, as React's StrictMode does in one task; each client sends. */
export const clients_that_follow_each_other_in_one_task_lose_and_reorder_nothing = test(async (lab) => {
  for (const welcomed of [false, true]) {
    const name = freshName();
    const expected = welcomed ? ["0", "1", "2", "3", "4"] : ["1", "2", "3", "4"];
    if (welcomed) {
      const { client } = await inDurableSession(lab, name);
      client.send("0");
      client.release();
    }
    for (const message of ["1", "2", "3"]) {
      const client = lab.client(durable(name));
      client.send(message);
      client.release();
    }
    const last = lab.client(durable(name));
    last.send("4");
    const peer = await nextPeer(lab);
    const hello = await peer.welcome(welcomed ? RESUMED : {});
    const left = [];
    for (let nth = 1; nth < expected.length; nth++) left.push(await peer.adopt(0, nth));
    equal(await peer.received(expected.length), expected, "sent");
    for (const memory of left) peer.storedOf(memory, 1);
    equal([hello.session, last.session.id], [welcomed ? "s-1" : undefined, "s-1"], "the session");
    peer.stored(1);
    await last.flush();
    await memoriesWhen(name, ({ length }) => length === 1);
    equal([await storedMessages(peer.memory), lab.network.live.length], [[], 1], "rows, and links");
    last.close();
  }
});

export const a_client_that_was_there_before_the_first_is_let_go_of_goes_on_with_its_session = test(async (lab) => {
  const name = freshName();
  const { client: first, memory } = await inDurableSession(lab, name);
  first.send("a");
  const second = lab.client(durable(name));
  second.send("b");
  first.release();
  const peer = await nextPeer(lab);
  const hello = await peer.welcome(RESUMED);
  equal([await peer.adopt(), hello.session], [memory, "s-1"], "the memory, and the session");
  equal((await peer.received(2)).sort(), ["a", "b"], "sent");
});

export const a_client_that_has_a_memory_of_its_own_delivers_what_the_first_left = test(async (lab) => {
  const name = freshName();
  const first = await inDurableSession(lab, name);
  const second = await inDurableSession(lab, name, { session: "s-2", token: "u-1" });
  first.peer.socket.drop();
  first.client.send("a");
  first.client.release();
  equal(await second.peer.adopt(), first.memory, "what it speaks for");
  equal([await second.peer.received(1), second.client.session.id], [["a"], "s-2"], "sent, and the session");
});

export const sessions_without_a_durable_queue_follow_each_other_in_one_task_as_well = test(async (lab) => {
  const url = freshUrl();
  const made = await inSession(lab, { session: true }, {}, url);
  await rowsWhen(url, ([row]) => row?.id === "s-1");
  made.client.release();
  for (let mount = 0; mount < 3; mount++) lab.client({ session: true }, url).release();
  const last = lab.client({ session: true }, url);
  const { body } = await (await nextPeer(lab)).control("hello");
  equal([body.session, (await storedRows(url)).length, last.state], ["s-1", 1, "connecting"], "session and rows");
});

export const what_is_dropped_where_storage_has_failed = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName(), { window: [1, 100] });
  const failed = event(client, "storage");
  lab.replace(IDBObjectStore.prototype, "put", () => {
    throw new DOMException("no room", "QuotaExceededError");
  });
  client.send("given");
  client.send("waits");
  equal((await failed).state, "failed", "storage");
  await peer.received(1);
  const dropped = record(client, ["dropped"]);
  client.release();
  equal(
    dropped.map(([, { data, reason, delivered }]) => [data, reason, delivered]),
    [
      ["given", "closed", "unknown"],
      ["waits", "closed", false],
    ],
    "dropped",
  );
});

export const closing_still_deletes_what_is_stored = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  const { peer: next } = await again(lab, client, peer);
  client.send("a");
  await next.received(1);
  client.close();
  await messagesWhen(memory, ({ length }) => length === 0);
  await memoriesWhen(name, ({ length }) => length === 0);
  ok(next.controls.at(-1).name === "end", "the session ended");
});

export const what_never_answers_holds_up_the_next_client_for_a_while_only = test(async (lab) => {
  const name = freshName();
  const undo = lab.replace(navigator.locks, "request", () => new Promise(() => {}));
  const stuck = lab.client(durable(name));
  await lab.network.next();
  stuck.release();
  undo();
  lab.client(durable(name));
  const { body } = await (await nextPeer(lab)).control("hello");
  equal(body.session, undefined, "a session of its own");
});
