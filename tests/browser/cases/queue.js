// Messages that wait: order, keys, priorities, bounds, what expires, and what is frozen.

import { equal, ok, throwsCode } from "../harness/assert.js";
import { event, namesOf, record, settled, test } from "../harness/test.js";

const wire = ({ sent }) => sent.join(" ");

export const what_is_sent_before_the_link_is_open_leaves_when_it_opens = test(async (lab) => {
  const client = lab.client();
  client.send("before the attempt");
  const socket = await lab.network.next();
  client.send("while connecting");
  equal(client.queued, { messages: 2, bytes: 34 }, "what waits");
  socket.open();
  equal(socket.sent, ["before the attempt", "while connecting"], "sent");
  equal(client.queued, { messages: 0, bytes: 0 }, "what waits");
});

export const what_is_sent_while_there_is_no_link_leaves_on_the_next = test(async (lab) => {
  const { client, socket } = await lab.opened();
  socket.drop();
  client.send("waiting for the retry");
  const next = await lab.network.next();
  client.send("connecting again");
  next.open();
  equal(next.sent, ["waiting for the retry", "connecting again"], "sent");
});

export const higher_priorities_leave_first_and_each_keeps_its_order = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  for (const [text, priority] of [
    ["l1", "low"],
    ["n1", undefined],
    ["h1", "high"],
    ["l2", "low"],
    ["n2", "normal"],
    ["h2", "high"],
  ]) {
    client.send(text, { priority });
  }
  client.connect();
  equal(wire(await lab.network.open()), "h1 h2 n1 n2 l1 l2", "sent");
});

export const the_latest_with_a_key_replaces_the_one_before = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  const events = record(client, ["dropped"]);
  client.send("a1", { key: "a" });
  client.send("b1", { key: "b" });
  client.send("none");
  client.send("a2", { key: "a" });
  client.send("empty 1", { key: "" });
  client.send("empty 2", { key: "" });
  equal(
    events.map(([, detail]) => [detail.data, detail.reason]),
    [
      ["a1", "replaced"],
      ["empty 1", "replaced"],
    ],
    "dropped",
  );
  client.connect();
  const socket = await lab.network.open();
  equal(wire(socket), "b1 none a2 empty 2", "sent");
  client.send("a3", { key: "a" });
  client.send("a4", { key: "a" });
  equal(wire(socket).slice(19), "a3 a4", "sent on a live link: nothing waits, so nothing is replaced");
});

export const volatile_messages_leave_at_once_or_never = test(async (lab) => {
  const client = lab.client();
  const events = record(client, ["dropped"]);
  client.send("early", { volatile: true });
  const socket = await lab.network.open();
  client.send("live", { volatile: true });
  socket.drop();
  client.send("late", { volatile: true });
  const next = await lab.network.open();
  equal([socket.sent, next.sent], [["live"], []], "sent");
  equal(
    events.map(([, detail]) => detail),
    ["early", "late"].map((data) => ({ data, reason: "volatile", delivered: false })),
    "dropped",
  );
});

export const a_message_that_waits_too_long_is_dropped = test(async (lab) => {
  const client = lab.client({ autoConnect: false, queue: { ttl: 10 } });
  const dropped = [];
  const three = new Promise((resolve) => {
    client.on("dropped", ({ data, reason }) => {
      dropped.push(`${data}: ${reason}`);
      if (dropped.length === 3) resolve();
    });
  });
  client.send("the queue's time");
  client.send("its own time", { ttl: 20 });
  client.send("for ever", { ttl: Number.POSITIVE_INFINITY });
  client.send("no time", { ttl: 0 });
  await three;
  // A machine that stalls lets two times be over at once.
  equal(dropped.sort(), ["its own time: ttl", "no time: ttl", "the queue's time: ttl"], "dropped");
  client.connect();
  equal((await lab.network.open()).sent, ["for ever"], "sent");
});

export const a_full_queue_drops_the_oldest_or_the_newest_as_told = test(async (lab) => {
  const rules = {
    "drop-oldest": [
      ["a", "b"],
      ["c", "d"],
    ],
    "drop-newest": [
      ["c", "d"],
      ["a", "b"],
    ],
  };
  for (const [overflow, [lost, kept]] of Object.entries(rules)) {
    const client = lab.client({ autoConnect: false, queue: { overflow, maxMessages: 2 } });
    const events = record(client, ["dropped"]);
    for (const text of ["a", "b", "c", "d"]) client.send(text);
    equal(
      events.map(([, { data, reason }]) => [data, reason]),
      lost.map((data) => [data, "overflow"]),
      `dropped with ${overflow}`,
    );
    equal(client.drain(), kept, "what waits");
  }
});

export const draining_takes_everything_back_in_order = test(async (lab) => {
  const client = lab.client({ autoConnect: false, codec: "json" });
  const low = { text: "low" };
  const values = [{ text: "first" }, [1, 2], null];
  client.send(low, { priority: "low" });
  for (const value of values) client.send(value);
  const events = record(client, ["queue", "dropped"]);
  const taken = client.drain();
  equal(taken, [...values, low], "taken");
  ok(taken[3] === low, "the very values come back");
  equal(events, [["queue", { messages: 0, bytes: 0 }]], "events");
  equal(client.drain(), [], "taken again");
  client.connect();
  equal((await lab.network.open()).sent, [], "sent");
});

export const the_queue_tells_when_it_starts_to_fill_and_when_it_has_drained = test(async (lab) => {
  const client = lab.client();
  const events = record(client, ["queue"]);
  for (const text of ["é", "b", "c"]) client.send(text);
  await lab.network.open();
  equal(
    events.map(([, detail]) => detail),
    [
      { messages: 1, bytes: 2 },
      { messages: 0, bytes: 0 },
    ],
    "events",
  );
});

export const past_the_high_water_mark_messages_wait = test(async (lab) => {
  const { client, socket } = await lab.opened({ queue: { highWaterMark: 10 } });
  const events = record(client, ["queue"]);
  socket.congested = true;
  client.send("123456");
  client.send("123456");
  equal([socket.sent.length, client.bufferedAmount], [2, 12], "sent, and buffered by the socket");
  client.send("later 1");
  client.send("later 2");
  equal([socket.sent.length, client.queued], [2, { messages: 2, bytes: 14 }], "sent, and waiting");
  const drained = new Promise((resolve) => client.on("queue", ({ messages }) => messages === 0 && resolve()));
  socket.congested = false;
  socket.drain();
  await drained;
  equal(socket.sent.slice(2), ["later 1", "later 2"], "sent");
  equal(events.length, 2, "queue events");
});

export const a_closing_socket_is_given_nothing = test(async (lab) => {
  const { client, socket } = await lab.opened();
  socket.readyState = 2;
  client.send("kept");
  equal([socket.sent, client.queued.messages], [[], 1], "sent, and waiting");
  socket.drop(1001);
  equal((await lab.network.open()).sent, ["kept"], "sent on the next link");
});

export const a_buffer_that_waits_is_as_it_was_when_it_was_sent = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  const bytes = new Uint8Array([1, 2, 3, 4]);
  client.send(bytes);
  client.send(bytes.subarray(1, 3));
  client.send(bytes.buffer);
  client.send(new DataView(bytes.buffer, 2));
  client.send(new Uint16Array(bytes.buffer, 2, 1));
  bytes.fill(9);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  client.connect();
  const { sent, given } = await lab.network.open();
  equal(
    sent,
    [
      [1, 2, 3, 4],
      [2, 3],
      [1, 2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    "sent",
  );
  equal(
    given.map((data) => data.constructor.name),
    ["Uint8Array", "Uint8Array", "ArrayBuffer", "DataView", "Uint16Array"],
    "the types",
  );
});

export const what_leaves_at_once_is_not_copied = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const messages = ["text", new Uint8Array(4), new ArrayBuffer(4), new DataView(new ArrayBuffer(4)), new Blob(["x"])];
  for (const message of messages) client.send(message);
  ok(
    messages.every((message, at) => socket.given[at] === message),
    "the socket gets the very objects",
  );
});

export const a_taken_back_buffer_is_the_frozen_one = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  const bytes = new Uint8Array([1, 2]);
  client.send(bytes);
  bytes.fill(9);
  equal(client.drain(), [new Uint8Array([1, 2])], "taken");
});

export const json_is_encoded_and_decoded = test(async (lab) => {
  const { client, socket } = await lab.opened({ codec: "json" });
  const heard = [];
  client.on("message", ({ data }) => heard.push(data));
  await settled();
  client.send({ a: [1, null, "é"] });
  client.send("text");
  equal(socket.sent, ['{"a":[1,null,"é"]}', '"text"'], "sent");
  socket.message('{"b":2}');
  socket.message("[]");
  equal(heard, [{ b: 2 }, []], "heard");
});

export const values_are_encoded_when_they_are_sent = test(async (lab) => {
  const client = lab.client({ codec: "json", autoConnect: false });
  const value = { count: 1 };
  client.send(value);
  value.count = 2;
  client.connect();
  equal((await lab.network.open()).sent, ['{"count":1}'], "sent");
});

export const what_no_codec_can_encode_is_invalid_data = test(async (lab) => {
  const { client, socket } = await lab.opened({ codec: "json" });
  const circle = {};
  circle.self = circle;
  for (const wrong of [circle, 5n, undefined, () => {}]) throwsCode(() => client.send(wrong), "INVALID_DATA");
  const own = lab.client({ codec: { encode: () => 5, decode: (data) => data } });
  throwsCode(() => own.send("x"), "INVALID_DATA");
  equal(socket.sent, [], "sent");
});

export const a_message_that_cannot_be_decoded_is_an_error_and_the_next_one_comes = test(async (lab) => {
  const { client, socket } = await lab.opened({ codec: "json" });
  const events = record(client, ["message", "error"]);
  await settled();
  socket.message("{");
  socket.message("1");
  equal(namesOf(events), ["error", "message"], "events");
  equal(events[0][1].code, "INVALID_DATA", "the code");
  ok(events[0][1].cause instanceof SyntaxError, "the cause is the codec's");
});

export const a_codec_of_ones_own_sees_every_message = test(async (lab) => {
  const codec = { encode: (value) => new Uint8Array([value]), decode: (data) => [...new Uint8Array(data)] };
  const { client, socket } = await lab.opened({ codec });
  const heard = [];
  client.on("message", ({ data }) => heard.push(data));
  await settled();
  client.send(7);
  equal(socket.sent, [[7]], "sent");
  socket.message(new Uint8Array([8, 9]).buffer);
  equal(heard, [[8, 9]], "heard");
});

export const binary_type_reaches_every_socket = test(async (lab) => {
  for (const binaryType of ["arraybuffer", "blob"]) {
    const { socket } = await lab.opened({ binaryType });
    equal(socket.binaryType, binaryType, "binaryType");
    socket.drop();
    equal((await lab.network.next()).binaryType, binaryType, "binaryType of the next");
  }
});

export const messages_wait_until_somebody_listens = test(async (lab) => {
  const { client, socket } = await lab.opened();
  for (const text of ["a", "b"]) socket.message(text);
  const heard = [];
  const remove = client.on("message", ({ data }) => heard.push(data));
  client.on("message", ({ data }) => heard.push(`second ${data}`));
  equal(heard, [], "heard in the same task");
  await settled();
  equal(heard, ["a", "second a", "b", "second b"], "heard: by all that were added in that task");
  remove();
  client.off("message");
  socket.message("c");
  await event({ on: (_, resume) => client.on("message", resume) }, "message");
  equal(heard.length, 4, "heard by those that were removed");
});

export const what_was_lost_for_want_of_a_listener_is_a_gap = test(async (lab) => {
  const { client, socket } = await lab.opened({ queue: { maxMessages: 2 } });
  for (const text of ["a", "b", "c", "d", "e"]) socket.message(text);
  const events = record(client, ["message", "gap"]);
  await settled();
  equal(
    events,
    [
      ["gap", { direction: "down", stream: null, missed: 3, reason: "overflow" }],
      ["message", { data: "d" }],
      ["message", { data: "e" }],
    ],
    "events",
  );
});
