// A durable queue where storage is refused, full or wiped: it is said once, messages go on in memory, nothing that is
// stored is lost, and it is said when storage works again.

import { equal, hasCode, ok, rejectsCode } from "../harness/assert.js";
import { comeBack, durable, freshName, inDurableSession, leaveBehind, putAway } from "../harness/durable.js";
import { again, nextPeer, RESUMED } from "../harness/peer.js";
import { messagesWhen, storedMemories, storedMessages } from "../harness/stored.js";
import { event, record, settled, test } from "../harness/test.js";

const OUT_OF_ROOM = () => {
  throw new DOMException("no room", "QuotaExceededError");
};
const DENIED = () => {
  throw new DOMException("denied", "SecurityError");
};
const textsOf = (rows) => rows.map(({ data }) => data);

/** Messages leave, are acknowledged, and survive links. */
async function goesOn(lab, client, peer) {
  const delivered = client.deliver("given");
  await peer.received(1);
  peer.stored(1);
  await delivered;
  const { peer: next } = await again(lab, client, peer, { received: 1 });
  client.send("next");
  await next.received(1);
  return next;
}

export const without_storage_messages_live_in_memory = test(async (lab) => {
  const refusals = [
    [globalThis.navigator, "locks", undefined],
    [globalThis, "indexedDB", undefined],
    [globalThis, "indexedDB", { open: DENIED }],
    [IDBFactory.prototype, "open", DENIED],
    [IDBDatabase.prototype, "transaction", DENIED],
    [IDBObjectStore.prototype, "put", OUT_OF_ROOM],
  ];
  for (const [object, name, value] of refusals) {
    const undo = lab.replace(object, name, value);
    const client = lab.client(durable(freshName()));
    const errors = record(client, ["error", "storage"]);
    const peer = await nextPeer(lab);
    await peer.welcome();
    const next = await goesOn(lab, client, peer);
    while (!errors.some(([kind]) => kind === "storage")) await settled();
    const error = errors.find(([kind]) => kind === "error")[1];
    hasCode(error, "STORAGE", "memory");
    equal(errors.filter(([kind]) => kind === "error").length, 1, `errors without ${name}`);
    equal(errors.find(([kind]) => kind === "storage")[1].state, "failed", `told without ${name}`);
    client.close();
    next.socket.drop();
    undo();
  }
});

export const without_anything_of_the_platform_messages_live_in_memory = test(async (lab) => {
  for (const name of ["indexedDB", "localStorage", "sessionStorage", "BroadcastChannel"]) lab.replace(globalThis, name, undefined); // biome-ignore format: one line
  lab.replace(globalThis.navigator, "locks", undefined);
  const client = lab.client(durable(freshName()));
  const errors = record(client, ["error"]);
  const peer = await nextPeer(lab);
  await peer.welcome();
  await goesOn(lab, client, peer);
  equal(errors.length, 1, "errors");
});

export const a_page_without_locks_that_comes_back_has_what_it_had = test(async (lab) => {
  lab.replace(globalThis.navigator, "locks", undefined);
  const { client, peer } = await inDurableSession(lab, freshName());
  client.send("a");
  await peer.received(1);
  client.send("b");
  putAway();
  comeBack();
  client.send("c");
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  await next.adopt(1);
  equal(await next.received(2), ["b", "c"], "sent");
});

export const a_message_that_does_not_fit_costs_nothing_else = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  peer.socket.drop();
  for (let order = 1; order <= 20; order++) client.send(`${order}`);
  await messagesWhen(memory, ({ length }) => length === 20);
  const { put } = IDBObjectStore.prototype;
  lab.replace(IDBObjectStore.prototype, "put", function (row) {
    return row.data === "large" ? OUT_OF_ROOM() : put.call(this, row);
  });
  const failed = event(client, "storage");
  client.send("large");
  client.send("last");
  equal([(await failed).state, (await failed).reason], ["failed", "no room"], "told");
  const expected = [...Array.from({ length: 20 }, (_, at) => `${at + 1}`), "last"];
  equal(textsOf(await messagesWhen(memory, ({ length }) => length === 21)), expected, "stored");
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  equal((await next.received(22)).at(-2), "large", "sent");
  const restored = event(client, "storage");
  next.stored(22);
  equal((await restored).state, "restored", "told when nothing is missing any more");
});

export const storage_that_works_again_has_all_that_waits = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  peer.socket.drop();
  const events = record(client, ["error", "storage"]);
  const undo = lab.replace(IDBObjectStore.prototype, "put", OUT_OF_ROOM);
  client.send("a");
  while (events.length < 2) await settled();
  client.send("b");
  undo();
  const { state } = await event(client, "storage");
  equal([state, textsOf(await storedMessages(memory))], ["restored", ["a", "b"]], "stored");
  lab.replace(IDBObjectStore.prototype, "put", OUT_OF_ROOM);
  client.send("c");
  while (events.length < 5) await settled();
  equal(events.map(([kind, { state: told }]) => told ?? kind).sort(), ["error", "error", "failed", "failed", "restored"], "told"); // biome-ignore format: one line
});

export const a_transaction_that_fails_is_said_and_nothing_stops = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  const failed = event(client, "error");
  lab.replace(IDBTransaction.prototype, "commit", function () {
    this.abort();
  });
  client.send("a");
  equal(await peer.received(1), ["a"], "sent");
  hasCode(await failed, "STORAGE");
  client.send("b");
  equal(await peer.received(2), ["a", "b"], "sent");
});

/** Something closes the database: a newer package in another tab, or the browser. */
async function loseConnections() {
  const opening = indexedDB.open("steadfast", 1_000_000 + Math.floor(performance.now()));
  await new Promise((resolve) => {
    opening.onsuccess = resolve;
  });
  opening.result.close();
}

export const a_connection_that_is_lost_is_opened_again = test(async (lab) => {
  const name = freshName();
  const client = lab.client(durable(name));
  const events = record(client, ["error", "storage", "dropped"]);
  client.send("a");
  const peer = await nextPeer(lab);
  await peer.control("hello");
  await loseConnections();
  client.send("b");
  await peer.welcome();
  equal(await peer.received(2), ["a", "b"], "sent");
  await loseConnections();
  client.send("c");
  equal(textsOf(await messagesWhen(peer.memory, ({ length }) => length === 3)), ["a", "b", "c"], "stored");
  equal([events, lab.network.sockets.length], [[], 1], "told, and links");
});

export const a_database_that_is_deleted_makes_way_and_messages_go_on = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  client.send("a");
  await peer.received(1);
  await messagesWhen(memory, ({ length }) => length === 1);
  const deleting = indexedDB.deleteDatabase("steadfast");
  await new Promise((resolve, reject) => {
    deleting.onsuccess = resolve;
    deleting.onerror = reject;
  });
  client.send("b");
  equal(await peer.received(2), ["a", "b"], "sent");
  equal(textsOf(await messagesWhen(memory, ({ length }) => length === 1)), ["b"], "stored");
  equal((await storedMemories(name)).length, 1, "with its record");
  const { peer: next } = await again(lab, client, peer);
  equal(await next.received(2), ["a", "b"], "sent again");
});

export const in_memory_a_page_that_comes_back_has_what_it_had = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  const errors = record(client, ["error"]);
  lab.replace(IDBObjectStore.prototype, "put", OUT_OF_ROOM);
  const given = rejectsCode(client.deliver("a"), "ABORTED");
  await peer.received(1);
  client.send("b");
  putAway();
  await given;
  comeBack();
  client.send("c");
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  await next.adopt(1);
  equal([await next.received(2), errors.length], [["b", "c"], 1], "sent, and errors");
});

export const a_storage_that_hangs_holds_nothing_up_for_long = test(async (lab) => {
  const name = freshName();
  await leaveBehind(name, ["waits"]);
  lab.replace(AbortSignal, "timeout", () => {
    const patience = new AbortController();
    queueMicrotask(() => patience.abort(new DOMException("5 s", "TimeoutError")));
    return patience.signal;
  });
  lab.replace(IDBDatabase.prototype, "transaction", () => ({
    objectStore: () => ({ get: () => ({}), getAll: () => ({}), openKeyCursor: () => ({}), put() {}, delete() {} }),
    commit() {},
    abort() {},
  }));
  const client = lab.client(durable(name));
  const errors = record(client, ["error"]);
  client.send("a");
  const peer = await nextPeer(lab);
  await peer.welcome();
  await settled();
  equal([await peer.received(1), errors.length], [["a"], 1], "sent, and errors");
});

export const locks_that_never_answer_hold_nothing_up_for_long = test(async (lab) => {
  lab.replace(navigator.locks, "request", () => new Promise(() => {}));
  const client = lab.client(durable(freshName()));
  const errors = record(client, ["error"]);
  client.send("a");
  const began = performance.now();
  const peer = await nextPeer(lab);
  await peer.welcome();
  equal(await peer.received(1), ["a"], "sent");
  ok(performance.now() - began < 15_000, "within some seconds");
  hasCode(errors[0][1], "STORAGE", "memory");
  equal(errors.length, 1, "errors");
});

export const a_listener_of_storage_may_do_anything = test(async (lab) => {
  const acts = {
    send: (client) => client.send("more"),
    close: (client) => client.close(),
    release: (client) => client.release(),
    drain: (client) => client.drain(),
    throw: () => {
      throw new Error("thrown");
    },
  };
  for (const [name, act] of Object.entries(acts)) {
    const { client, peer } = await inDurableSession(lab, freshName());
    const undo = lab.replace(IDBObjectStore.prototype, "put", OUT_OF_ROOM);
    const told = new Promise((resolve) => {
      client.on("storage", ({ state }) => {
        resolve(state);
        act(client);
      });
    });
    client.send("a");
    equal(await told, "failed", `told, and ${name}`);
    await peer.received(1);
    undo();
    client.close();
  }
  equal(lab.reported.splice(0).map(({ message }) => message), ["thrown"], "reported"); // biome-ignore format: one line
});
