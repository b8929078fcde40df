// Messages whose page is gone: a tab that lives delivers them, and makes way for a page that comes back.

import { equal, hasCode, ok } from "../harness/assert.js";
import { durable, followIn, freshMemory, freshName, inDurableSession, leaveBehind } from "../harness/durable.js";
import { nextPeer } from "../harness/peer.js";
import { holdLock, memoriesWhen, messagesWhen, putMemory, putMessage, storedMessages } from "../harness/stored.js";
import { event, ignored, record, settled, test } from "../harness/test.js";

/** A living tab, and another one that holds a memory with these messages, `orphan`. */
async function twoTabs(lab, messages, fields = {}) {
  const name = freshName();
  const orphan = freshMemory();
  const letGo = await holdLock(name, orphan);
  await leaveBehind(name, messages, { memory: orphan, ...fields });
  const living = await inDurableSession(lab, name);
  return { ...living, name, orphan, letGo };
}

export const a_living_tab_delivers_what_a_dead_one_left = test(async (lab) => {
  const { client, peer, letGo, name, orphan } = await twoTabs(lab, ["given", "waits"]);
  const events = record(client, ["message", "open", "disconnect", "statechange", "error"]);
  client.send("own");
  equal(await peer.received(1), ["own"], "sent while the other page lives");
  letGo();
  equal(await peer.adopt(1), orphan, "what it speaks for");
  equal((await peer.received(2))[1], "waits", "sent");
  peer.storedOf(orphan, 2);
  equal((await peer.control("done")).body.memory, orphan, "done");
  await memoriesWhen(name, (records) => records.every(({ memory }) => memory !== orphan));
  equal([events, lab.network.live.length, await storedMessages(orphan)], [[], 1, []], "what the application saw, and links"); // biome-ignore format: one line
  (await holdLock(name, orphan))();
});

export const many_dead_tabs_need_one_link_and_are_asked_for_once = test(async (lab) => {
  const name = freshName();
  for (let tab = 0; tab < 40; tab++) await leaveBehind(name, [`${tab}`], { place: tab + 1 });
  let asked = 0;
  const client = lab.client(durable(name, { auth: () => `${++asked}` }));
  const peer = await nextPeer(lab);
  await peer.welcome();
  const memories = [];
  for (let nth = 1; nth <= 40; nth++) memories.push(await peer.adopt(0, nth));
  await peer.received(40);
  for (const memory of memories) peer.storedOf(memory, 1);
  await client.flush();
  await peer.control("done", 40);
  equal([lab.network.sockets.length, asked], [1, 1], "links, and calls of auth");
});

export const only_one_of_two_tabs_delivers_them = test(async (lab) => {
  const name = freshName();
  const first = await inDurableSession(lab, name);
  const second = await inDurableSession(lab, name, { session: "s-2", token: "u-1" });
  const orphan = await leaveBehind(name, ["waits"]);
  const channel = new BroadcastChannel(`steadfast:${name}`);
  channel.postMessage({ began: orphan });
  equal(await first.peer.adopt(), orphan, "the first delivers it");
  equal(await first.peer.received(1), ["waits"], "sent");
  first.peer.storedOf(orphan, 1);
  await first.client.flush();
  equal(second.peer.messages, [], "sent by the second");
  channel.close();
});

export const a_memory_without_messages_is_forgotten = test(async (lab) => {
  const { letGo, name, orphan } = await twoTabs(lab, []);
  letGo();
  await memoriesWhen(name, (records) => records.every(({ memory }) => memory !== orphan));
  ok(lab.network.live.length === 1, "links");
});

export const a_memory_that_was_ended_is_deleted_without_a_word = test(async (lab) => {
  const { client, peer, letGo, name, orphan } = await twoTabs(lab, ["ended"], { ended: true });
  const events = record(client, ["dropped", "error"]);
  letGo();
  await memoriesWhen(name, (records) => records.every(({ memory }) => memory !== orphan));
  equal([events, peer.messages, await storedMessages(orphan)], [[], [], []], "told, sent and left");
});

export const a_tab_makes_way_for_the_page_that_comes_back = test(async (lab) => {
  const { peer, letGo, name, orphan } = await twoTabs(lab, ["waits"]);
  letGo();
  await peer.control("adopt");
  followIn(name, orphan);
  const back = lab.client(durable(name));
  back.send("own");
  const next = await nextPeer(lab);
  await next.welcome({ session: "s-2", token: "u-1" });
  equal(await next.adopt(), orphan, "what it follows");
  equal([await next.received(2), peer.messages], [["waits", "own"], []], "sent");
});

export const what_is_dropped_of_an_orphan_is_told = test(async (lab) => {
  const expired = { ttl: 1, at: Date.now() - 1_000 };
  const { client, peer, letGo } = await twoTabs(lab, [{ data: "old", ...expired }, { data: 7 }, "waits"]);
  const events = record(client, ["dropped", "error"]);
  letGo();
  await peer.adopt();
  await peer.received(1);
  const [[, error], [, { data, reason }]] = events.sort(([a]) => (a === "error" ? -1 : 1));
  hasCode(error, "STORAGE", "1 stored message");
  equal([data, reason, events.length], ["old", "ttl", 2], "dropped");
});

export const an_orphan_of_another_user_stays = test(async (lab) => {
  const { peer, letGo, name, orphan } = await twoTabs(lab, ["waits"]);
  letGo();
  await peer.adopt(null);
  (await holdLock(name, orphan))();
  equal([peer.messages, (await storedMessages(orphan)).length], [[], 1], "sent, and rows");
});

export const a_client_that_closes_leaves_orphans_of_others_where_they_are = test(async (lab) => {
  const { client, peer, letGo, name, orphan } = await twoTabs(lab, ["waits"]);
  letGo();
  await peer.control("adopt");
  const closed = event(client, "close");
  client.close();
  await closed;
  (await holdLock(name, orphan))();
  equal((await storedMessages(orphan)).length, 1, "rows");
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

export const nothing_is_flushed_before_all_is_read = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["waits"]);
  const letGo = await holdLock(name, memory);
  followIn(name, memory);
  const client = lab.client(durable(name));
  let flushed = false;
  ignored(
    client.flush().then(() => {
      flushed = true;
    }),
  );
  const peer = await nextPeer(lab);
  await peer.welcome();
  await settled();
  equal([flushed, peer.messages], [false, []], "flushed, and sent, before anything is known");
  letGo();
  await peer.adopt();
  equal([await peer.received(1), client.queued.messages], [["waits"], 0], "sent");
});

export const a_row_without_a_record_is_unknown = test(async (lab) => {
  const name = freshName();
  const memory = freshMemory();
  await putMessage({ name, memory, number: 1, data: "whose" });
  const client = lab.client(durable(name));
  const { data, reason, delivered } = await event(client, "dropped");
  equal([data, reason, delivered], ["whose", "session-lost", "unknown"], "dropped");
  await messagesWhen(memory, ({ length }) => length === 0);
});

export const a_row_that_comes_when_all_is_done_is_not_forgotten = test(async (lab) => {
  const { peer, letGo, name, orphan } = await twoTabs(lab, ["first"]);
  letGo();
  await peer.adopt();
  await peer.received(1);
  await putMemory({ name, memory: orphan, place: 1, birth: "b-1" });
  await putMessage({ name, memory: orphan, number: 2, data: "late" });
  peer.storedOf(orphan, 1);
  equal(await peer.received(2), ["first", "late"], "sent");
});
