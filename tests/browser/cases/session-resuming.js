// What becomes of a session when its link is lost, or when it is gone itself.

import { equal, hasCode, ok, rejectsCode } from "../harness/assert.js";
import { again, inSession, nextPeer, RESUMED } from "../harness/peer.js";
import { event, record, settled, test } from "../harness/test.js";

// [P20] [P26]
export const a_lost_link_is_resumed_with_the_token_and_a_higher_claim = test(async (lab) => {
  const { client, peer, hello } = await inSession(lab);
  const reconnected = event(client, "reconnected");
  const opened = event(client, "open");
  const { hello: second } = await again(lab, client, peer);
  equal([second.session, second.token, second.instance], ["s-1", "t-1", hello.instance], "who");
  ok(second.claim > hello.claim, "the claim");
  ok(second.requestId !== hello.requestId, "another request id");
  equal(
    [(await opened).resumed, (await reconnected).resumed, client.session],
    [true, true, { id: "s-1", resumed: true }],
  );
});

export const what_was_not_stored_is_sent_again_and_the_rest_is_not = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const delivered = client.deliver("one");
  client.send("two");
  client.send("three");
  await peer.received(3);
  peer.stored(1);
  await delivered;
  const reconnected = event(client, "reconnected");
  const { peer: next } = await again(lab, client, peer, { received: 2 });
  equal(await next.received(1), ["three"], "sent again");
  equal((await reconnected).replayed, 1, "replayed");
  next.stored(3);
  await client.flush();
});

export const a_buffer_is_sent_again_as_it_was = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const buffer = Uint8Array.from([1, 2]);
  client.send(buffer);
  buffer.fill(9);
  await peer.received(1);
  const { peer: next } = await again(lab, client, peer);
  equal([peer.messages, await next.received(1)], [[[1, 2]], [[1, 2]]], "sent");
});

export const two_keys_are_never_taken_for_one = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const dropped = record(client, ["dropped"]);
  /** Sends while there is no link, and goes on over the next one. */
  const sendBetween = async (text, before) => {
    const lost = event(client, "disconnect");
    before.socket.drop();
    await lost;
    client.send(text, { key: text });
    const next = await nextPeer(lab);
    await next.welcome(RESUMED);
    return next;
  };
  const second = await sendBetween("a", peer);
  await second.received(1);
  const third = await sendBetween("b", second);
  equal([await third.received(2), dropped], [["a", "b"], []], "sent, and dropped");
});

export const deliver_and_flush_wait_for_the_acknowledgement = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const done = [];
  client.deliver("a").then(() => done.push("deliver"));
  client.flush().then(() => done.push("flush"));
  await peer.control("ask");
  await settled();
  equal(done, [], "before the acknowledgement");
  peer.stored(1);
  await settled();
  equal(done.sort(), ["deliver", "flush"], "after it");
});

export const a_message_that_is_given_up_in_flight_may_have_arrived = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const [early, late, waiting] = [1, 2, 3].map(() => new AbortController());
  const fates = [
    client.deliver("given", { signal: late.signal }).catch((error) => [error.code, error.delivered]),
    client.deliver("before", { signal: early.signal, priority: "low" }).catch((error) => [error.code, error.delivered]),
  ];
  await peer.received(2);
  late.abort();
  early.abort();
  const lost = event(client, "disconnect");
  peer.socket.drop();
  await lost;
  fates.push(client.deliver("waits", { signal: waiting.signal }).catch((error) => [error.code, error.delivered]));
  waiting.abort();
  const unknown = ["ABORTED", "unknown"];
  equal(await Promise.all(fates), [unknown, unknown, ["ABORTED", undefined]], "what the errors say");
  const ended = client.flush({ signal: AbortSignal.abort() }).catch((error) => error.delivered);
  equal(await ended, undefined, "a flush delivers nothing");
});

export const a_message_that_cannot_be_decoded_is_named = test(async (lab) => {
  const { client, peer } = await inSession(lab, { codec: "json" });
  const errors = record(client, ["error", "message"]);
  await settled();
  peer.say("from", { stream: "lobby", epoch: 1, next: 12, reason: "joined" });
  peer.send("{", "{}");
  const [[, error], [, { number }]] = errors;
  hasCode(error, "INVALID_DATA", 'of 12 in "lobby"');
  ok(error.cause instanceof SyntaxError, "the cause");
  equal(number, 13, "the next one comes");
});

export const a_loss_says_how_many_are_unacknowledged = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  for (const text of ["a", "b", "c"]) client.send(text);
  await peer.received(3);
  peer.stored(1);
  const lost = event(client, "disconnect");
  peer.socket.drop();
  equal((await lost).unconfirmed, 2, "unconfirmed");
});

export const positions_say_how_far_each_stream_was_handed_over = test(async (lab) => {
  const { client, peer, hello } = await inSession(lab);
  client.on("message", () => {});
  await settled();
  peer.say("from", { stream: "", epoch: 7, next: 5, reason: "joined" });
  peer.send("a", "b");
  peer.say("from", { stream: "__proto__", epoch: 3, next: 100, reason: "joined" });
  peer.send("c");
  const { hello: second } = await again(lab, client, peer);
  equal(hello.positions ?? {}, {}, "at first");
  equal(Object.entries(second.positions), [
    ["", [7, 6]],
    ["__proto__", [3, 100]],
  ]);
});

export const a_session_that_is_gone_is_lost_aloud_and_its_messages_go_on = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  client.send("arrived");
  client.send("given");
  await peer.received(2);
  const events = record(client, ["error", "gap", "dropped", "open"]);
  peer.socket.drop();
  client.send("waits");
  const next = await nextPeer(lab);
  await next.welcome({ session: "s-2", token: "u-1", reason: "unknown", received: 1 });
  equal(await next.received(2), ["given", "waits"], "sent in the new session");
  const { body } = await next.control("lane");
  equal(body, { memory: next.memory, lane: 1, next: 2 }, "where they belong to");
  const of = (name) => events.filter(([kind]) => kind === name).map(([, detail]) => detail);
  hasCode(of("error")[0], "SESSION_LOST");
  equal(of("gap"), [{ direction: "down", stream: null, missed: null, reason: "session-lost" }], "gap");
  equal([of("dropped"), of("open")[0].resumed, client.session.id], [[], false, "s-2"], "the new session");
});

export const what_was_given_before_a_server_forgot_the_memory_is_reported = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  client.send("given");
  await peer.received(1);
  const events = record(client, ["error", "gap", "dropped", "open"]);
  peer.socket.drop();
  client.send("waits");
  const next = await nextPeer(lab);
  await next.welcome({ session: "s-2", token: "u-1", reason: "unknown", birth: "another" });
  equal(await next.received(1), ["waits"], "sent in the new session");
  const of = (name) => events.filter(([kind]) => kind === name).map(([, detail]) => detail);
  hasCode(of("error")[0], "SESSION_LOST");
  equal(of("gap"), [{ direction: "down", stream: null, missed: null, reason: "session-lost" }], "gap");
  equal(of("dropped"), [{ data: "given", reason: "session-lost", delivered: "unknown" }], "dropped");
  equal([of("open")[0].resumed, client.session.id], [false, "s-2"], "the new session");
});

export const nothing_of_one_user_reaches_another = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  client.send("given");
  await peer.received(1);
  const events = record(client, ["dropped"]);
  peer.socket.drop();
  const waits = rejectsCode(client.deliver("waits"), "SESSION_LOST");
  const next = await nextPeer(lab);
  await next.welcome({ session: "s-2", token: "u-1", reason: "user", user: "other" });
  await waits;
  equal(
    events.map(([, { data, delivered }]) => [data, delivered]),
    [
      ["given", "unknown"],
      ["waits", false],
    ],
    "dropped",
  );
  await settled();
  equal(next.messages, [], "sent");
  // What follows is another memory's, over the same link.
  client.send("theirs");
  ok((await next.beginAnew()) !== peer.memory, "another memory");
  equal(await next.received(1), ["theirs"], "sent after that");
});

export const what_another_user_sends_belongs_to_another_memory = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  peer.socket.drop();
  const next = await nextPeer(lab);
  [next.memory] = (await next.control("hello")).body.memories;
  next.say("welcome", {
    ...{ session: "s-2", token: "u-1", term: "1", resumed: false, reason: "new", maxMessage: 1_000 },
    ...{ window: [10, 1_000], ttl: 1_000, user: "other" },
  });
  client.send("theirs");
  ok((await next.beginAnew()) !== peer.memory, "another memory");
  equal([await next.received(1), client.session.id], [["theirs"], "s-2"], "sent");
});

export const a_session_that_was_taken_over_is_the_end_and_what_follows_is_another = test(async (lab) => {
  const { client, peer, hello } = await inSession(lab);
  const events = record(client, ["dropped", "failed"]);
  client.send("given");
  await peer.received(1);
  peer.say("error", { errorCode: "TAKEN_OVER", message: "another page has it", requestId: "" });
  peer.socket.drop(4409, "TAKEN_OVER");
  equal(client.state, "failed", "the state");
  equal(events[0][1], { data: "given", reason: "session-lost", delivered: "unknown" }, "dropped");
  hasCode(events[1][1], "TAKEN_OVER");
  client.reconnect();
  const next = await nextPeer(lab);
  const { body } = await next.control("hello");
  equal([body.session, body.token], [undefined, undefined], "the session");
  ok(body.instance !== hello.instance, "another instance");
});

export const reconnecting_in_the_last_event_begins_anew_as_well = test(async (lab) => {
  const { client, peer, hello } = await inSession(lab);
  client.on("statechange", ({ to }) => to === "failed" && client.reconnect());
  peer.socket.drop(4409, "TAKEN_OVER");
  const { body } = await (await nextPeer(lab)).control("hello");
  equal(body.session, undefined, "the session");
  ok(body.instance !== hello.instance, "another instance");
});

export const a_volatile_message_is_not_sent_again = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  client.send("now or never", { volatile: true });
  client.send("surely");
  await peer.received(2);
  const dropped = event(client, "dropped");
  const { peer: next } = await again(lab, client, peer);
  equal(await next.received(1), ["surely"], "sent again");
  equal(await dropped, { data: "now or never", reason: "volatile", delivered: false }, "dropped");
});

export const more_than_sixty_four_streams_over_time_are_told_apart = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const got = [];
  client.on("message", ({ stream, number }) => got.push([stream, number]));
  const gaps = record(client, ["gap"]);
  await settled();
  for (let room = 1; room <= 100; room++) {
    peer.say("from", { stream: `room-${room}`, epoch: room, next: 10 * room, reason: "joined" });
    peer.send(`in ${room}`);
  }
  equal(got.length, 100, "messages");
  equal(
    [got[0], got[99]],
    [
      ["room-1", 10],
      ["room-100", 1_000],
    ],
    "streams and numbers",
  );
  equal(gaps, [], "gaps");
  const { hello } = await again(lab, client, peer, RESUMED);
  const positions = Object.keys(hello.positions);
  equal([positions.length <= 64, hello.positions["room-100"]], [true, [100, 1_000]], "positions");
});

export const rooms_that_come_again_are_told_apart_from_all_others = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const got = [];
  client.on("message", ({ stream, number }) => got.push([stream, number]));
  const gaps = record(client, ["gap"]);
  await settled();
  // All in one epoch: the numbers of one must not count in another.
  for (let room = 1; room <= 200; room++) {
    peer.say("from", { stream: `room-${room % 70}`, epoch: 1, next: 1 + Math.floor(room / 70), reason: "joined" });
    peer.send(`in ${room}`);
    // An acknowledgement that is owed goes before the pong.
    peer.say("ping", { id: room });
    await peer.control("pong", room);
  }
  equal([got.length, new Set(got.map(String)).size, gaps], [200, 200, []], "messages, each once, and gaps");
});

export const a_hole_is_told_before_the_message_behind_it = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const events = record(client, ["message", "gap"]);
  await settled();
  peer.say("from", { stream: "lobby", epoch: 1, next: 1, reason: "joined" });
  peer.send("a");
  peer.say("from", { stream: "lobby", epoch: 1, next: 5, reason: "expired" });
  peer.send("b");
  peer.say("from", { stream: "lobby", epoch: 2, next: 3, reason: "epoch" });
  peer.send("c");
  equal(
    events.map(([name, detail]) => (name === "gap" ? detail : detail.data)),
    [
      "a",
      { direction: "down", stream: "lobby", missed: 3, reason: "expired" },
      "b",
      { direction: "down", stream: "lobby", missed: null, reason: "epoch" },
      "c",
    ],
  );
});
