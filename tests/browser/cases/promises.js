// What `deliver`, `flush`, `ping`, `once` and `connect` promise.

import { equal, hasCode, ok, rejectsCode, throwsCode } from "../harness/assert.js";
import { connect, Steadfast } from "../harness/module.js";
import { event, QUICK, record, settled, test } from "../harness/test.js";

/** How a promise stands once all that can settle has. */
async function stateOf(promise) {
  let state = "pending";
  promise.then(
    () => (state = "resolved"),
    (error) => (state = error.code),
  );
  await settled();
  return state;
}

const abortedSignal = () => AbortSignal.abort(new Error("no more"));

export const deliver_resolves_when_the_message_has_left = test(async (lab) => {
  const { client, socket } = await lab.opened();
  await client.deliver("at once");
  socket.congested = true;
  const delivered = client.deliver("held by the socket");
  const later = client.deliver("held as well");
  equal([await stateOf(delivered), await stateOf(later)], ["pending", "pending"], "while the socket holds them");
  socket.drain(18);
  await delivered;
  equal(await stateOf(later), "pending", "the second, when the first has left");
  socket.drain();
  await later;
});

export const deliver_waits_for_a_link = test(async (lab) => {
  const client = lab.client();
  const delivered = client.deliver("waits");
  equal(await stateOf(delivered), "pending", "without a link");
  await lab.network.open();
  await delivered;
});

export const deliver_rejects_when_the_message_will_not_leave = test(async (lab) => {
  const queue = { maxMessages: 1, overflow: "drop-oldest" };
  const client = lab.client({ autoConnect: false, queue });
  const ends = [
    rejectsCode(client.deliver("pushed out"), "QUEUE_FULL", "overflow"),
    rejectsCode(client.deliver("replaced", { key: "k" }), "ABORTED", "replaced"),
    rejectsCode(client.deliver("expired", { key: "k", ttl: 0 }), "EXPIRED", "ttl"),
  ];
  await Promise.all(ends);
  await rejectsCode(client.deliver("volatile", { volatile: true }), "NOT_OPEN");
  const drained = rejectsCode(client.deliver("drained"), "ABORTED");
  equal(client.drain(), ["drained"], "drained");
  await drained;
  const closed = rejectsCode(client.deliver("closed"), "CLOSED");
  client.close();
  await closed;
});

export const deliver_rejects_when_the_link_is_lost_before_it_left = test(async (lab) => {
  const { client, socket } = await lab.opened();
  socket.congested = true;
  const delivered = rejectsCode(client.deliver("in flight"), "NOT_OPEN");
  socket.drop();
  await delivered;
  equal((await lab.network.open()).sent, [], "sent again: nothing");
});

export const deliver_rejects_when_the_client_gives_up = test(async (lab) => {
  const client = lab.client({ reconnect: false });
  const flushed = rejectsCode(client.flush(), "RETRIES_EXHAUSTED").catch((error) => error);
  const delivered = rejectsCode(client.deliver("waits"), "RETRIES_EXHAUSTED");
  (await lab.network.next()).drop();
  await delivered;
  await flushed;
});

export const an_aborted_deliver_takes_its_message_back = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  const controller = new AbortController();
  const reason = new Error("changed my mind");
  const delivered = client.deliver("taken back", { signal: controller.signal });
  client.send("stays");
  controller.abort(reason);
  const error = await rejectsCode(delivered, "ABORTED");
  ok(error.cause === reason, "the cause is the signal's reason");
  await rejectsCode(client.deliver("never queued", { signal: abortedSignal() }), "ABORTED");
  client.connect();
  equal((await lab.network.open()).sent, ["stays"], "sent");
});

export const flush_resolves_when_nothing_waits = test(async (lab) => {
  const client = lab.client();
  await client.flush();
  client.send("x");
  const flushed = client.flush();
  equal(await stateOf(flushed), "pending", "with a message that waits");
  const socket = await lab.network.next();
  socket.congested = true;
  socket.open();
  equal(await stateOf(flushed), "pending", "with a message that the socket holds");
  socket.drain();
  await flushed;
});

export const flush_gives_up_in_time = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  client.send("x");
  await rejectsCode(client.flush({ timeout: 10 }), "TIMEOUT", "10 ms");
  const flushed = client.flush({ timeout: Number.POSITIVE_INFINITY });
  const closed = rejectsCode(flushed, "CLOSED");
  client.close();
  await closed;
});

export const flush_is_done_when_the_queue_is_drained = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  client.send("x");
  const flushed = client.flush();
  client.drain();
  await flushed;
});

export const ping_measures_one_round_trip = test(async (lab) => {
  const { client, socket } = await lab.opened({ heartbeat: { interval: 60_000 } });
  const heard = [];
  client.on("message", ({ data }) => heard.push(data));
  await settled();
  const beats = record(client, ["heartbeat"]);
  const trip = client.ping();
  equal(socket.sent, ["PING"], "sent");
  socket.message("news");
  socket.message("PONG");
  socket.message("PONG");
  const rtt = await trip;
  ok(rtt >= 0 && rtt < 10_000, `${rtt} is a round trip in milliseconds`);
  equal(heard, ["news", "PONG"], "heard: the answer to a ping is no message, any other is");
  equal(beats, [["heartbeat", { rtt, missed: 0 }]], "heartbeat events");
});

export const ping_works_without_a_heartbeat = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const trip = client.ping();
  socket.message("PONG");
  ok((await trip) >= 0, "it is a number");
});

export const ping_rejects_when_nothing_answers = test(async (lab) => {
  const { client, socket } = await lab.opened({ heartbeat: { interval: 60_000, timeout: 10 } });
  await rejectsCode(client.ping(), "TIMEOUT");
  const lost = rejectsCode(client.ping(), "NOT_OPEN");
  socket.drop();
  await lost;
  await rejectsCode(client.ping(), "NOT_OPEN");
});

export const ping_and_pong_may_be_functions = test(async (lab) => {
  let pings = 0;
  const heartbeat = {
    interval: 60_000,
    ping: () => `{"ping":${++pings}}`,
    pong: (data) => JSON.parse(data).pong !== undefined,
  };
  const { client, socket } = await lab.opened({ heartbeat });
  const trip = client.ping();
  equal(socket.sent, ['{"ping":1}'], "sent");
  socket.message('{"pong":1}');
  await trip;
});

export const a_ping_function_that_fails_is_an_error_and_the_link_goes_on = test(async (lab) => {
  const mistakes = [
    () => {
      throw new Error("oops");
    },
    () => 5,
    async () => "PING",
  ];
  for (const ping of mistakes) {
    const { client, socket } = await lab.opened({ heartbeat: { interval: 60_000, timeout: 10, ping } });
    const failed = event(client, "error");
    const trip = rejectsCode(client.ping(), "TIMEOUT");
    hasCode(await failed, "INVALID_DATA");
    await trip;
    client.send("goes on");
    equal([client.state, socket.sent], ["open", ["goes on"]], "state, and what was sent");
  }
});

export const a_pong_function_that_throws_is_reported_and_the_message_is_one = test(async (lab) => {
  const pong = () => {
    throw new Error("pong");
  };
  const { client, socket } = await lab.opened({ heartbeat: { interval: 60_000, timeout: 10, pong } });
  const heard = event(client, "message");
  const trip = rejectsCode(client.ping(), "TIMEOUT");
  socket.message("PONG");
  equal((await heard).data, "PONG", "heard");
  equal(
    lab.reported.splice(0).map(({ message }) => message),
    ["pong"],
    "reported",
  );
  await trip;
});

export const once_resolves_with_the_next_event = test(async (lab) => {
  const client = lab.client();
  const opened = client.once("open");
  await lab.network.open();
  equal((await opened).attempt, 1, "the attempt");
  const message = client.once("message");
  await settled();
  lab.network.sockets[0].message("a");
  lab.network.sockets[0].message("b");
  equal(await message, { data: "a" }, "the message");
  equal(await client.once("message"), { data: "b" }, "one that waited");
});

export const once_with_a_listener_calls_it_once = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const heard = [];
  client.once("message", ({ data }) => heard.push(data));
  const never = client.once("message", () => heard.push("removed"));
  const controller = new AbortController();
  client.once("message", () => heard.push("aborted"), { signal: controller.signal });
  never();
  controller.abort();
  client.on("message", () => {});
  for (const text of ["a", "b"]) socket.message(text);
  await settled();
  equal(heard, ["a"], "heard");
  throwsCode(() => client.once("mesage", () => {}), "INVALID_OPTION", 'did you mean "message"?');
});

export const once_survives_failing_and_off = test(async (lab) => {
  const { client } = await lab.failed();
  const opened = client.once("open");
  client.off();
  client.off("open");
  client.reconnect();
  await lab.network.open();
  equal((await opened).attempt, 1, "the attempt");
});

export const once_rejects_when_it_can_no_longer_come = test(async (lab) => {
  const { client } = await lab.opened();
  const controller = new AbortController();
  const aborted = client.once("message", { signal: controller.signal });
  controller.abort("enough");
  equal((await rejectsCode(aborted, "ABORTED")).cause, "enough", "the cause");
  await rejectsCode(client.once("message", { signal: abortedSignal() }), "ABORTED");
  const closed = client.once("close");
  const never = rejectsCode(client.once("message"), "CLOSED");
  client.close(4000);
  await never;
  equal((await closed).code, 4000, "the close event itself still comes");
});

export const a_signal_removes_a_listener = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const heard = [];
  const controller = new AbortController();
  client.on("message", ({ data }) => heard.push(data), { signal: controller.signal });
  client.on("message", ({ data }) => heard.push(`aborted ${data}`), { signal: abortedSignal() });
  client.on("message", ({ data }) => heard.push(`once ${data}`), { once: true });
  await settled();
  socket.message("a");
  socket.message("b");
  controller.abort();
  socket.message("c");
  equal(heard, ["a", "once a", "b"], "heard");
});

export const a_listener_is_there_once = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const heard = [];
  const listener = ({ data }) => heard.push(data);
  client.on("message", listener);
  client.on("message", listener);
  await settled();
  socket.message("a");
  client.off("message", listener);
  socket.message("b");
  equal(heard, ["a"], "heard");
});

export const connect_resolves_with_an_open_client = test(async (lab) => {
  const heard = [];
  const promise = connect("ws://fake.test/", {
    webSocket: lab.network.WebSocket,
    on: { statechange: ({ to }) => heard.push(to), open: () => heard.push("open event"), close: undefined },
  });
  await lab.network.open();
  const client = await promise;
  lab.later(() => client.close());
  ok(client instanceof Steadfast, "it is a client");
  equal([client.state, heard], ["open", ["connecting", "open", "open event"]], "state, and what listeners heard");
});

export const connect_waits_for_retries = test(async (lab) => {
  const promise = connect("ws://fake.test/", { webSocket: lab.network.WebSocket, reconnect: QUICK, log: "silent" });
  (await lab.network.next()).drop();
  await lab.network.open();
  const client = await promise;
  equal(client.state, "open", "the state");
  client.close();
});

export const connect_rejects_when_it_cannot_be = test(async (lab) => {
  const webSocket = lab.network.WebSocket;
  const base = { webSocket, log: "silent" };
  const refused = connect("ws://fake.test/", { ...base, reconnect: false });
  (await lab.network.next()).drop();
  await rejectsCode(refused, "RETRIES_EXHAUSTED");
  const controller = new AbortController();
  const aborted = connect("ws://fake.test/", { ...base, signal: controller.signal });
  const socket = await lab.network.next();
  controller.abort("enough");
  equal((await rejectsCode(aborted, "ABORTED")).cause, "enough", "the cause");
  equal(socket.readyState, 2, "the socket is closing");
  await rejectsCode(connect("ws://fake.test/", { ...base, signal: abortedSignal() }), "ABORTED");
  await rejectsCode(connect("ws://fake.test/", { ...base, autoConnect: false }), "INVALID_OPTION", "autoConnect");
  await rejectsCode(connect("ws://fake.test/", { ...base, on: null }), "INVALID_OPTION", "on");
  for (const options of [null, [], () => {}, "json", 5]) {
    await rejectsCode(connect("ws://fake.test/", options), "INVALID_OPTION", "options");
  }
  await rejectsCode(connect("ws://fake.test/", { ...base, on: { opened() {} } }), "INVALID_OPTION", "open");
  await rejectsCode(connect("ws://fake.test/", { ...base, hartbeat: {} }), "INVALID_OPTION", "heartbeat");
  for (const wrong of [null, 5, "x", true]) {
    await rejectsCode(connect("ws://fake.test/", wrong), "INVALID_OPTION", "options");
  }
  equal(lab.network.live.length, 0, "links");
});

export const what_is_shown_is_frozen_and_the_same_until_it_changes = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  for (const name of ["health", "queued"]) {
    const shown = client[name];
    ok(Object.isFrozen(shown), `${name} is frozen`);
    ok(client[name] === shown, `${name} is the same object`);
  }
  ok(Object.isFrozen(client.health.throughput), "what is inside is frozen too");
  const before = client.queued;
  client.send("x");
  ok(client.queued !== before, "another object when it has changed");
  throwsCode(() => client.send(5), "INVALID_DATA");
});
