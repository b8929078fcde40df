// A durable queue and users: nothing of one reaches another, and nothing of it is lost.

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
import { holdLock, inStore, messagesWhen, rowsWhen, storedMessages } from "../harness/stored.js";
import { event, record, settled, test } from "../harness/test.js";

/** Of the link after that, which speaks for a memory of theirs. */
const THEIRS = { session: "s-2", user: "other" };
const OTHERS = { session: "s-2", token: "u-1", reason: "user", user: "other" };
const textsOf = (rows) => rows.map(({ data }) => data);

export const what_another_user_left_stays_and_is_not_sent = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, [{ data: "given", number: 1 }, "waits"], { last: 1 });
  const client = lab.client(durable(name));
  const events = record(client, ["dropped", "error"]);
  client.send("mine");
  const peer = await nextPeer(lab);
  await peer.welcome(OTHERS);
  const { peer: own } = await begunAnew(lab, THEIRS);
  equal(await own.received(1), ["mine"], "sent");
  await settled();
  const kinds = events.map(([kind]) => kind);
  equal([peer.messages, own.messages, kinds], [[], ["mine"], ["error"]], "sent, and events");
  hasCode(events[0][1], "SESSION_LOST");
  const rows = await storedMessages(memory);
  equal(rows.map(({ data, number }) => [data, number]), [["given", 1], ["waits", 0]], "what stays"); // biome-ignore format: one line
  (await holdLock(recordsOf(name), memory))();
});

/** Another user's page, which sends one message and is put away. */
async function useAsAnother(lab, name, welcome) {
  const other = lab.client(durable(name));
  other.send("mine");
  const peer = await nextPeer(lab);
  await peer.welcome(welcome);
  const { reason, ...fields } = welcome;
  const { peer: own } = await begunAnew(lab, fields);
  equal(await own.received(1), ["mine"], "sent by another one");
  own.stored(1);
  await other.flush();
  putAway();
}

export const a_user_who_returns_finds_what_was_left = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["waits"]);
  await useAsAnother(lab, name, OTHERS);
  sessionStorage.setItem(`steadfast:${recordsOf(name)}:`, memory);
  const client = lab.client(durable(name));
  const next = await nextPeer(lab);
  const hello = await next.welcome({ ...RESUMED, user: "u" });
  equal([await next.received(1), hello.session], [["waits"], "s-1"], "sent");
  client.close();
});

export const whose_a_session_is_is_stored_in_the_task_of_its_welcome = test(async (lab) => {
  const { put } = IDBObjectStore.prototype;
  const name = freshName();
  // Of the session the disk knows nothing yet.
  const undo = lab.replace(IDBObjectStore.prototype, "put", function (row) {
    return row.id || row.number ? this.count() : put.call(this, row);
  });
  const client = lab.client(durable(name));
  const opened = event(client, "open");
  const peer = await nextPeer(lab);
  await peer.welcome({ user: "u" });
  await opened;
  client.send("theirs");
  await settled();
  undo();
  const stashes = await inStore("stashes", (store) => store.getAll());
  const [{ memory, user, id, token }] = stashes.filter((row) => row.name === recordsOf(name));
  equal([user, id, token], ["u", undefined, undefined], "the record");
  equal(textsOf(await storedMessages(memory)), ["theirs"], "rows");
});

export const what_a_user_sent_before_the_session_was_stored_stays_theirs = test(async (lab) => {
  const name = freshName();
  const memory = freshMemory();
  const record = { name: recordsOf(name), memory, instance: memory, claim: 1, last: 0, at: Date.now() };
  await inStore("sessions", (store) => store.put(record));
  await inStore("stashes", (store) => store.put({ ...record, user: "u" }));
  const row = { memory, seq: 1, number: 0, data: "theirs", priority: "normal", at: Date.now() };
  await inStore("fresh", (store) => store.put(row));
  await useAsAnother(lab, name, { session: "s-2", token: "u-1", user: "other" });
  sessionStorage.setItem(`steadfast:${recordsOf(name)}:`, memory);
  const client = lab.client(durable(name));
  const next = await nextPeer(lab);
  await next.welcome({ user: "u" });
  equal(await next.received(1), ["theirs"], "sent");
  client.close();
});

export const a_client_whose_user_changes_leaves_all_that_it_has = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory, hello: first } = await inDurableSession(lab, name);
  const given = rejectsCode(client.deliver("given"), "SESSION_LOST");
  await peer.received(1);
  const lost = event(client, "disconnect");
  peer.socket.drop();
  await lost;
  const waits = rejectsCode(client.deliver("waits"), "SESSION_LOST");
  const dropped = record(client, ["dropped"]);
  const next = await nextPeer(lab);
  await next.welcome(OTHERS);
  await Promise.all([given, waits]);
  const { peer: own, hello: theirs } = await begunAnew(lab, THEIRS);
  client.send("theirs");
  equal([await own.received(1), dropped], [["theirs"], []], "sent, and dropped");
  equal(textsOf(await storedMessages(memory)), ["given", "waits"], "what stays");
  const row = (await rowsWhen(recordsOf(name), (rows) => rows.length === 2)).find(({ id }) => id === "s-2");
  equal(textsOf(await messagesWhen(row.memory, ({ length }) => length)), ["theirs"], "rows of the other");
  ok(own.memory !== first.instance, "another memory");
  const { hello } = await again(lab, client, own, { ...RESUMED, session: "s-2", token: "u-2", user: "other" });
  equal([hello.session, hello.token, hello.instance], ["s-2", "t-2", theirs.instance], "who goes on");
});

export const what_is_sent_before_it_is_known_whose_page_it_is_goes_with_the_page = test(async (lab) => {
  const name = freshName();
  const { client, memory } = await inDurableSession(lab, name);
  putAway();
  comeBack();
  const peer = await nextPeer(lab);
  await peer.control("hello");
  client.send("whose");
  await peer.welcome(OTHERS);
  const { peer: own } = await begunAnew(lab, THEIRS);
  equal([await own.received(1), await storedMessages(memory)], [["whose"], []], "sent, and what stays");
});

export const what_a_page_sent_before_any_welcome_goes_with_the_page_that_comes_back = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["waits"]);
  const client = lab.client(durable(name));
  const delivered = client.deliver("whose");
  const peer = await nextPeer(lab);
  await peer.control("hello");
  putAway();
  comeBack();
  const next = await nextPeer(lab);
  await next.welcome(OTHERS);
  const { peer: own } = await begunAnew(lab, THEIRS);
  equal([await own.received(1), textsOf(await storedMessages(memory))], [["whose"], ["waits"]], "sent, and what stays");
  own.stored(1);
  await delivered;
});
