// Messages whose page is gone: a tab that lives delivers them, and makes way for a page that comes back.

import { equal, hasCode } from "../harness/assert.js";
import { durable, freshMemory, freshName, inDurableSession, leaveBehind, recordsOf } from "../harness/durable.js";
import { nextPeer, RESUMED } from "../harness/peer.js";
import { application, saving } from "../harness/state.js";
import { holdLock, messagesWhen, putMessage, putRow, rowsWhen, storedMessages, storedRows } from "../harness/stored.js";
import { event, ignored, record, settled, test } from "../harness/test.js";

/** A living tab, and another one that holds a memory with these messages, `orphan`. */
async function twoTabs(lab, messages, fields = {}) {
  const name = freshName();
  const orphan = freshMemory();
  const letGo = await holdLock(recordsOf(name), orphan);
  await leaveBehind(name, messages, { id: "s-9", token: "t-9", claim: 3, memory: orphan, ...fields });
  const living = await inDurableSession(lab, name);
  return { ...living, name, orphan, letGo };
}

export const a_living_tab_delivers_what_a_dead_one_left = test(async (lab) => {
  const { client, letGo, name, orphan } = await twoTabs(lab, [{ data: "given", number: 2 }, "waits"], { last: 2 });
  const events = record(client, ["message", "open", "disconnect", "statechange", "error"]);
  letGo();
  const peer = await nextPeer(lab);
  const hello = await peer.welcome({ ...RESUMED, session: "s-9", token: "t-10", received: 1 });
  equal([hello.session, hello.instance, hello.claim, hello.window], ["s-9", orphan, 4, [0, 0]], "who");
  equal(await peer.received(2), ["given", "waits"], "sent");
  peer.stored(3);
  await messagesWhen(orphan, ({ length }) => length === 0);
  while (peer.socket.closedWith === null) await settled();
  const ended = peer.controls.some((frame) => frame.name === "end");
  equal([ended, peer.socket.closedWith.code], [false, 4_000], "how it ended");
  const left = await rowsWhen(recordsOf(name), (rows) => rows.some((row) => row.token === "t-10"));
  equal([left.length, events, client.session.id], [2, [], "s-1"], "records, and what the application saw");
  (await holdLock(recordsOf(name), orphan))();
});

export const delivering_them_saves_no_state = test(async (lab) => {
  const name = freshName();
  const orphan = freshMemory();
  await leaveBehind(name, ["waits"], { id: "s-9", token: "t-9", memory: orphan });
  const letGo = await holdLock(recordsOf(name), orphan);
  const app = application({ n: 1 });
  await inDurableSession(lab, name, {}, saving(app));
  letGo();
  const peer = await nextPeer(lab);
  await peer.welcome({ ...RESUMED, session: "s-9" });
  await peer.received(1);
  document.dispatchEvent(new Event("freeze"));
  peer.stored(1);
  await messagesWhen(orphan, ({ length }) => length === 0);
  while (peer.socket.closedWith === null) await settled();
  equal([peer.socket.closedWith.code, app.asked], [4_000, 1], "how it ended, and who was asked");
});

export const a_memory_without_messages_is_left_as_it_is = test(async (lab) => {
  const { letGo, name, orphan } = await twoTabs(lab, []);
  letGo();
  (await holdLock(recordsOf(name), orphan))();
  equal([(await storedRows(recordsOf(name))).length, lab.network.live.length], [2, 1], "records, and links");
});

export const messages_without_a_session_get_one_that_ends_with_them = test(async (lab) => {
  const { letGo, name } = await twoTabs(lab, ["waits"], { id: undefined, token: undefined });
  letGo();
  const peer = await nextPeer(lab);
  const hello = await peer.welcome({ session: "s-10", token: "t-10" });
  equal([await peer.received(1), hello.session], [["waits"], undefined], "sent");
  peer.stored(1);
  await peer.control("end");
  await rowsWhen(recordsOf(name), ({ length }) => length === 1);
});

export const a_tab_makes_way_for_the_page_that_comes_back = test(async (lab) => {
  const { letGo, name, orphan } = await twoTabs(lab, ["waits"]);
  letGo();
  const peer = await nextPeer(lab);
  await peer.control("hello");
  sessionStorage.setItem(`steadfast:${recordsOf(name)}:`, orphan);
  const back = lab.client(durable(name));
  const next = await nextPeer(lab);
  const hello = await next.welcome({ ...RESUMED, session: "s-9" });
  equal([await next.received(1), hello.session, peer.messages], [["waits"], "s-9", []], "sent");
  equal([back.session.id, peer.socket.closedWith !== null], ["s-9", true], "the page's session, and the link before");
});

export const a_tab_hears_of_memories_that_come_later = test(async (lab) => {
  const name = freshName();
  await inDurableSession(lab, name);
  const second = await inDurableSession(lab, name, { session: "s-2", token: "u-1" });
  second.client.send("given");
  await second.peer.received(1);
  const [copy] = await storedMessages(second.memory);
  // The page of the second dies: its lock is free, and its memory is as it was.
  const stored = (await storedRows(recordsOf(name))).find(({ memory }) => memory === second.memory);
  second.client.close();
  await messagesWhen(second.memory, ({ length }) => length === 0);
  const letGo = await holdLock(recordsOf(name), "another");
  const channel = new BroadcastChannel(`steadfast:${recordsOf(name)}:`);
  await putRow(stored);
  await putMessage(copy);
  channel.postMessage(second.memory);
  const peer = await nextPeer(lab);
  await peer.welcome({ ...RESUMED, session: "s-2", token: "u-2" });
  equal(await peer.received(1), ["given"], "sent");
  channel.close();
  letGo();
});

export const what_is_dropped_of_an_orphan_is_told = test(async (lab) => {
  const expired = { ttl: 1, at: Date.now() - 1_000 };
  const { client, letGo } = await twoTabs(lab, [{ data: "old", ...expired }, { data: 7 }, "waits"]);
  const events = record(client, ["dropped", "error"]);
  letGo();
  const peer = await nextPeer(lab);
  await peer.welcome({ ...RESUMED, session: "s-9" });
  await peer.received(1);
  const [[, error], [, { data, reason }]] = events.sort(([a]) => (a === "error" ? -1 : 1));
  hasCode(error, "STORAGE", "1 stored message");
  equal([data, reason, events.length], ["old", "ttl", 2], "dropped");
});

export const an_orphan_of_another_user_stays = test(async (lab) => {
  const { letGo, name, orphan } = await twoTabs(lab, ["waits"]);
  letGo();
  const peer = await nextPeer(lab);
  await peer.welcome({ session: "s-10", token: "t-10", reason: "user", user: "other" });
  await peer.control("end");
  (await holdLock(recordsOf(name), orphan))();
  const records = await storedRows(recordsOf(name));
  equal([peer.messages, records.find(({ memory }) => memory === orphan).id], [[], "s-9"], "sent, and the record");
  equal((await storedMessages(orphan)).length, 1, "rows");
});

export const a_client_that_closes_leaves_orphans_where_they_are = test(async (lab) => {
  const { client, letGo, name, orphan } = await twoTabs(lab, ["waits"]);
  letGo();
  const peer = await nextPeer(lab);
  await peer.control("hello");
  const closed = event(client, "close");
  client.close();
  await closed;
  (await holdLock(recordsOf(name), orphan))();
  equal([(await storedMessages(orphan)).length, peer.socket.closedWith !== null], [1, true], "rows, and the link");
});

export const two_clients_of_a_page_have_memories_of_their_own = test(async (lab) => {
  const name = freshName();
  const first = await inDurableSession(lab, name);
  const second = await inDurableSession(lab, name, { session: "s-2", token: "u-1" });
  first.client.send("a");
  second.client.send("b");
  equal([await first.peer.received(1), await second.peer.received(1)], [["a"], ["b"]], "sent");
  const rows = await Promise.all([first, second].map(({ memory }) => storedMessages(memory)));
  equal(
    rows.map(([{ data }]) => data),
    ["a", "b"],
    "rows",
  );
});

export const nothing_is_said_before_all_is_read = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["waits"]);
  const letGo = await holdLock(recordsOf(name), memory);
  sessionStorage.setItem(`steadfast:${recordsOf(name)}:`, memory);
  const client = lab.client(durable(name));
  let flushed = false;
  const flushing = client.flush().then(() => {
    flushed = true;
  });
  ignored(flushing);
  const peer = await nextPeer(lab);
  await settled();
  equal([flushed, peer.controls], [false, []], "flushed, and said, before anything is known");
  letGo();
  await peer.control("hello");
  equal(client.queued.messages, 1, "what waits");
});
