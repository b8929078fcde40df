// A durable queue where storage is refused, full or wiped: it is said once, and messages go on in memory.

import { equal, hasCode } from "../harness/assert.js";
import { comeBack, durable, freshName, inDurableSession, leaveBehind, putAway } from "../harness/durable.js";
import { again, nextPeer, RESUMED } from "../harness/peer.js";
import { messagesWhen, storedMessages } from "../harness/stored.js";
import { event, record, settled, test } from "../harness/test.js";

const OUT_OF_ROOM = () => {
  throw new DOMException("no room", "QuotaExceededError");
};
const DENIED = () => {
  throw new DOMException("denied", "SecurityError");
};

/** Messages leave, are acknowledged, and survive links. */
async function goesOn(lab, client, peer, given = 0) {
  const delivered = client.deliver("given");
  await peer.received(given + 1);
  peer.stored(given + 1);
  await delivered;
  const { peer: next } = await again(lab, client, peer, { received: given + 1 });
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
    const before = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
    const client = lab.client(durable(freshName()));
    const errors = record(client, ["error"]);
    const peer = await nextPeer(lab);
    await peer.welcome();
    const next = await goesOn(lab, client, peer);
    hasCode(errors[0][1], "STORAGE", "memory");
    equal(errors.length, 1, `errors without ${name}`);
    client.close();
    next.socket.drop();
    if (before) Object.defineProperty(object, name, before);
    else delete object[name];
  }
});

export const a_disk_that_is_full_later_is_said_and_nothing_stops = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  client.send("a");
  await peer.received(1);
  const errors = record(client, ["error"]);
  lab.replace(IDBObjectStore.prototype, "put", OUT_OF_ROOM);
  client.send("b");
  client.send("c");
  equal(await peer.received(3), ["a", "b", "c"], "sent");
  hasCode(errors[0][1], "STORAGE", "no room");
  const { peer: next } = await again(lab, client, peer, { received: 2 });
  equal([await next.received(1), errors.length], [["c"], 1], "sent again, and errors");
  equal(
    (await storedMessages(memory)).map(({ data }) => data),
    ["a"],
    "rows",
  );
});

export const a_transaction_that_fails_is_said_and_nothing_stops = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  const errors = record(client, ["error"]);
  const { commit } = IDBTransaction.prototype;
  lab.replace(IDBTransaction.prototype, "commit", function () {
    this.abort();
  });
  client.send("a");
  equal(await peer.received(1), ["a"], "sent");
  lab.replace(IDBTransaction.prototype, "commit", commit);
  hasCode(errors[0][1], "STORAGE");
  client.send("b");
  equal([await peer.received(2), errors.length], [["a", "b"], 1], "sent, and errors");
});

export const what_goes_on_in_memory_is_found_by_no_other_page = test(async (lab) => {
  const { client, peer, memory } = await inDurableSession(lab, freshName());
  const { put } = IDBObjectStore.prototype;
  lab.replace(IDBObjectStore.prototype, "put", function (row) {
    return this.name === "sessions" ? OUT_OF_ROOM() : put.call(this, row);
  });
  const failed = event(client, "error");
  client.send("a");
  hasCode(await failed, "STORAGE");
  equal(
    [await peer.received(1), await messagesWhen(memory, ({ length }) => length === 0)],
    [["a"], []],
    "sent, and rows",
  );
});

export const a_database_that_is_deleted_makes_way_and_messages_go_on = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  client.send("a");
  await peer.received(1);
  const failed = event(client, "error");
  const deleting = indexedDB.deleteDatabase("steadfast");
  const gone = new Promise((resolve, reject) => {
    deleting.onsuccess = resolve;
    deleting.onerror = reject;
  });
  hasCode(await failed, "STORAGE");
  await gone;
  client.send("b");
  equal(await peer.received(2), ["a", "b"], "sent");
  const { peer: next } = await again(lab, client, peer);
  equal(await next.received(2), ["a", "b"], "sent again");
});

export const in_memory_a_page_that_comes_back_has_what_it_had = test(async (lab) => {
  const { client, peer } = await inDurableSession(lab, freshName());
  const errors = record(client, ["error"]);
  lab.replace(IDBObjectStore.prototype, "put", OUT_OF_ROOM);
  const given = client.deliver("a");
  await peer.received(1);
  client.send("b");
  putAway();
  comeBack();
  client.send("c");
  const next = await nextPeer(lab);
  await next.welcome({ ...RESUMED, received: 1 });
  await given;
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
  lab.replace(IDBTransaction.prototype, "commit", () => {});
  lab.replace(IDBDatabase.prototype, "transaction", () => ({
    objectStore: () => ({ getAll() {}, put() {}, delete() {} }),
    commit() {},
  }));
  const client = lab.client(durable(name));
  const errors = record(client, ["error"]);
  client.send("a");
  const peer = await nextPeer(lab);
  await peer.welcome();
  await settled();
  equal([await peer.received(1), errors.length], [["a"], 1], "sent, and errors");
});
