// A durable queue and users: nothing of one reaches another, and nothing of it is lost.

import { equal, ok } from "../harness/assert.js";
import { durable, followIn, freshName, inDurableSession, leaveBehind } from "../harness/durable.js";
import { again, nextPeer, RESUMED } from "../harness/peer.js";
import { holdLock, memoriesWhen, messagesWhen, storedMessages } from "../harness/stored.js";
import { event, record, test } from "../harness/test.js";

const OTHERS = { session: "s-2", token: "u-1", reason: "user", user: "other" };
const textsOf = (rows) => rows.map(({ data }) => data);

export const what_another_user_left_stays_and_is_not_sent = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["theirs"], { user: "other", birth: "b-9" });
  followIn(name, memory);
  const client = lab.client(durable(name));
  const events = record(client, ["dropped", "error"]);
  client.send("mine");
  const peer = await nextPeer(lab);
  await peer.welcome();
  equal(await peer.received(1), ["mine"], "sent");
  (await holdLock(name, memory))();
  equal([textsOf(await storedMessages(memory)), events], [["theirs"], []], "what stays, and events");
});

export const a_user_who_returns_finds_what_was_left = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["waits"], { user: "u", birth: "b-1" });
  const other = lab.client(durable(name));
  const opened = event(other, "open");
  await (await nextPeer(lab)).welcome({ user: "other" });
  await opened;
  other.close();
  const client = lab.client(durable(name));
  const peer = await nextPeer(lab);
  await peer.welcome({ session: "s-3" });
  equal([await peer.adopt(), await peer.received(1)], [memory, ["waits"]], "sent");
  client.close();
});

export const whose_messages_are_is_stored_when_it_is_known = test(async (lab) => {
  const name = freshName();
  const client = lab.client(durable(name));
  client.send("theirs");
  const peer = await nextPeer(lab);
  await peer.control("hello");
  const [before] = await memoriesWhen(name, ({ length }) => length);
  await peer.welcome({ user: "u" });
  const [{ user, birth }] = await memoriesWhen(name, ([record]) => record.user);
  equal([before.user, user, birth], [undefined, "u", "b-1"], "the record");
});

export const a_client_whose_user_changes_leaves_all_that_it_has = test(async (lab) => {
  const name = freshName();
  const { client, peer, memory } = await inDurableSession(lab, name);
  client.send("given");
  await peer.received(1);
  const lost = event(client, "disconnect");
  peer.socket.drop();
  await lost;
  client.send("waits");
  const dropped = record(client, ["dropped"]);
  const next = await nextPeer(lab);
  await next.welcome(OTHERS);
  equal(await next.adopt(null), memory, "asked for once more");
  await next.adopt(0, 2);
  client.send("theirs");
  equal([await next.received(1), dropped], [["theirs"], []], "sent, and dropped");
  equal(textsOf(await storedMessages(memory)), ["given", "waits"], "what stays");
  const records = await memoriesWhen(name, (found) => found.length === 2);
  const { memory: own, user } = records.find((other) => other.memory !== memory);
  equal([user, textsOf(await messagesWhen(own, ({ length }) => length))], ["other", ["theirs"]], "rows of the other");
  const { hello } = await again(lab, client, next, { ...RESUMED, session: "s-2", user: "other" });
  ok(hello.memories[0] === own, "who goes on");
  (await holdLock(name, memory))();
});
