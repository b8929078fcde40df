// Handing over: when a message counts as taken, and who gets it.

import { equal, ok } from "../harness/assert.js";
import { again, inSession } from "../harness/peer.js";
import { event, record, settled, test } from "../harness/test.js";

const JOINED = { stream: "", epoch: 1, next: 1, reason: "joined" };

/** In a session whose outbox stands at its start. */
async function joined(lab, options) {
  const made = await inSession(lab, options);
  made.peer.say("from", JOINED);
  return made;
}

const named = (peer, name) => peer.controls.filter((frame) => frame.name === name);

/** The position that a new link says: how many messages need not come again. */
async function positionOf(lab, client, peer) {
  const { hello } = await again(lab, client, peer);
  return hello.positions[""]?.[1] ?? 0;
}

export const a_message_says_its_session_stream_and_number = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const got = record(client, ["message"]);
  await settled();
  peer.send("a");
  peer.say("volatile", { stream: "lobby" });
  peer.send("b");
  equal(
    got.map(([, detail]) => detail),
    [
      { data: "a", session: "s-1", stream: "", number: 1 },
      { data: "b", session: "s-1", stream: "lobby", number: null },
    ],
    "messages",
  );
});

export const messages_in_a_plain_link_have_no_such_fields = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const message = event(client, "message");
  await settled();
  socket.message("a");
  equal(await message, { data: "a" }, "the message");
});

export const nothing_is_handed_over_before_somebody_listens = test(async (lab) => {
  const { client, peer } = await joined(lab);
  peer.send("a", "b");
  await settled();
  equal([await positionOf(lab, client, peer), named(peer, "handed")], [0, []], "position, and acknowledged");
});

export const what_was_handed_over_is_acknowledged = test(async (lab) => {
  const { client, peer } = await joined(lab);
  client.on("message", () => {});
  await settled();
  peer.send("a", "b");
  const { body } = await peer.control("handed");
  equal(body, { stream: "", epoch: 1, number: 2 }, "the acknowledgement");
});

export const an_acknowledgement_leaves_before_a_pong = test(async (lab) => {
  const { client, peer } = await joined(lab);
  client.on("message", () => {});
  await settled();
  peer.send("a");
  peer.say("ping", { id: 3 });
  equal(
    peer.controls.slice(-2).map(({ name }) => name),
    ["handed", "pong"],
    "control frames",
  );
});

export const a_listener_that_throws_has_taken_the_message = test(async (lab) => {
  const { client, peer } = await joined(lab);
  client.on("message", ({ data }) => {
    throw new Error(`cannot take ${data}`);
  });
  await settled();
  peer.send("a", "b");
  await settled();
  equal(
    lab.reported.splice(0).map(({ message }) => message),
    ["cannot take a", "cannot take b"],
    "reported",
  );
  equal(await positionOf(lab, client, peer), 2, "handed over");
});

export const a_message_that_cannot_be_decoded_does_not_stop_the_others = test(async (lab) => {
  const { client, peer } = await joined(lab, { codec: "json" });
  const events = record(client, ["message", "error"]);
  await settled();
  peer.send("1", "{", "3");
  equal(
    events.map(([name, { data, code }]) => data ?? `${name} ${code}`),
    [1, "error INVALID_DATA", 3],
    "events",
  );
  equal(await positionOf(lab, client, peer), 3, "handed over");
});

export const an_iterator_has_taken_a_message_when_it_asks_for_the_next = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const messages = client[Symbol.asyncIterator]();
  await settled();
  peer.send("a", "b", "c");
  equal((await messages.next()).value, "a", "the first");
  const { peer: second, hello } = await again(lab, client, peer);
  equal(hello.positions[""], [1, 1], "the position: what is in hand need not come again");
  second.say("from", { stream: "", epoch: 1, next: 2 });
  second.send("b", "c");
  second.say("ping", { id: 1 });
  await second.control("pong");
  equal(named(second, "handed"), [], "acknowledged while the first is in hand");
  equal((await messages.next()).value, "b", "the second");
  second.say("ping", { id: 2 });
  await second.control("pong", 2);
  equal(
    named(second, "handed").map(({ body }) => body.number),
    [1],
    "acknowledged while the second is in hand",
  );
});

export const the_slowest_iterator_decides = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const fast = client[Symbol.asyncIterator]();
  const slow = client[Symbol.asyncIterator]();
  await settled();
  peer.send("a", "b");
  const ahead = [fast.next(), fast.next()];
  equal((await ahead[0]).value, "a", "the fast one");
  let second = false;
  ahead[1].then(() => (second = true));
  await settled();
  equal(second, false, "the second message, while the slow one has not read the first");
  equal((await slow.next()).value, "a", "the slow one");
  const next = slow.next();
  equal([(await ahead[1]).value, (await next).value], ["b", "b"], "the second");
});

export const reading_ahead_does_not_stop = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const messages = client[Symbol.asyncIterator]();
  const three = Promise.all([messages.next(), messages.next(), messages.next()]);
  await settled();
  peer.texts("a", "b", "c");
  equal(
    (await three).map(({ value }) => value),
    ["a", "b", "c"],
    "messages",
  );
});

export const leaving_a_loop_has_taken_the_message_in_hand = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const loop = (async () => {
    for await (const message of client) if (message === "b") break;
  })();
  await settled();
  peer.send("a", "b", "c");
  await loop;
  equal(await positionOf(lab, client, peer), 2, "handed over");
});

export const what_an_iterator_never_read_is_for_who_listens_next = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const messages = client[Symbol.asyncIterator]();
  await settled();
  peer.send("a", "b");
  await messages.return();
  const got = record(client, ["message"]);
  await settled();
  equal(
    got.map(([, { data }]) => data),
    ["a", "b"],
    "messages",
  );
});

export const messages_wait_while_a_listener_is_away = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const got = [];
  const remove = client.on("message", ({ data }) => {
    got.push(data);
    remove();
  });
  await settled();
  peer.texts("a", "b");
  await settled();
  equal(got, ["a"], "before");
  client.on("message", ({ data }) => got.push(data));
  await settled();
  equal(got, ["a", "b"], "after");
});

export const a_unit_ends_where_a_listener_closes = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const got = [];
  client.on("message", ({ data }) => {
    got.push(data);
    if (data === "b") client.close();
  });
  await settled();
  peer.texts("a", "b", "c");
  equal([got, client.state], [["a", "b"], "closed"], "messages, and the state");
});

export const what_a_listener_sends_leaves_in_one_unit = test(async (lab) => {
  const { client, peer } = await joined(lab);
  client.on("message", ({ data }) => client.send(`echo ${data}`));
  await settled();
  peer.texts("a", "b", "c");
  equal(await peer.received(3), ["echo a", "echo b", "echo c"], "echoes");
  ok(
    peer.socket.sent.some((frame) => frame.includes("echo a\x10echo b\x10echo c")),
    "one frame",
  );
});

export const texts_that_begin_wide_are_not_taken_for_more_than_the_window = test(async (lab) => {
  const { client, peer } = await joined(lab);
  const losses = record(client, ["error", "disconnect"]);
  // 103,072 bytes each; were all of it as wide as its beginning, 303,072.
  const text = "\u20ac".repeat(1_024) + "a".repeat(100_000);
  for (let sent = 0; sent < 10; sent++) peer.send(text);
  const got = record(client, ["message"]);
  await settled();
  equal([losses, got.length], [[], 10], "losses, and messages");
});

export const more_than_the_window_never_comes_and_nothing_is_lost_before_a_listener = test(async (lab) => {
  const { client, peer, hello } = await joined(lab, { queue: { maxMessages: 10 } });
  const gaps = record(client, ["gap"]);
  const window = hello.window?.[0] ?? 4_096;
  for (let number = 1; number <= window; number++) peer.send(String(number));
  const got = [];
  client.on("message", ({ data }) => got.push(data));
  await settled();
  equal([gaps, got.length, got.at(-1)], [[], window, String(window)], "gaps and messages");
});
