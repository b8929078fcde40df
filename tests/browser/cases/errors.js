// Every error code that occurs without a session, at the place where it can be known.

import { equal, hasCode, ok, rejectsCode, throwsCode } from "../harness/assert.js";
import { breakFunction, connect, Steadfast, SteadfastError } from "../harness/module.js";
import { event, namesOf, record, settled, test } from "../harness/test.js";

const PONGS = { heartbeat: { interval: 60_000, timeout: 20, misses: 1 } };

/** A view of memory that is shared with other threads: no constructor for it is needed. */
const sharedView = () => new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer, 0, 4);

function detachedBuffer() {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

export const an_address_that_is_none_is_refused_by_the_constructor = test(async (lab) => {
  const wrong = ["ws://[", "http://", "ftp://fake.test/", "javascript:1", "ws://fake.test/#part", "ws://fake.test/#"];
  for (const url of [...wrong, null, undefined, 5, {}, [], true]) {
    throwsCode(() => new Steadfast(url, { webSocket: lab.network.WebSocket }), "INVALID_URL");
    await rejectsCode(connect(url, { webSocket: lab.network.WebSocket }), "INVALID_URL");
  }
  equal(lab.network.sockets.length, 0, "sockets");
});

export const addresses_are_made_absolute = test(async (lab) => {
  const base = new URL(globalThis.document?.baseURI ?? globalThis.location.href);
  const forms = [
    ["ws://fake.test", "ws://fake.test/"],
    ["http://fake.test/a?b=c", "ws://fake.test/a?b=c"],
    ["https://fake.test/", "wss://fake.test/"],
    [new URL("wss://fake.test/url"), "wss://fake.test/url"],
    ["/chat", `ws://${base.host}/chat`],
    ["?room=1", `ws://${base.host}${base.pathname}?room=1`],
  ];
  for (const [url, expected] of forms) {
    const client = lab.client({}, url);
    equal(client.url, expected, "client.url before the attempt");
    equal((await lab.network.next()).url, expected, "the socket's");
  }
});

export const the_request_id_of_each_link_is_in_its_address = test(async (lab) => {
  const client = lab.client({ requestIdParam: "rid" }, "ws://fake.test/?a=1");
  const first = await lab.network.open();
  first.drop();
  const second = await lab.network.next();
  const ids = [first, second].map(({ url }) => new URL(url).searchParams.get("rid"));
  ok(
    ids.every((id) => /^[0-9a-f]{32}$/.test(id)),
    `${ids} are request ids`,
  );
  ok(ids[0] !== ids[1], "each link has its own");
  equal(new URL(second.url).searchParams.get("a"), "1", "the other parameter");
  const failed = event(client, "error");
  second.open();
  second.drop(1009);
  equal((await failed).requestId, ids[1], "the error's request id");
});

export const what_no_socket_takes_is_invalid_data = test(async (lab) => {
  const { client, socket } = await lab.opened();
  for (const wrong of [undefined, null, 5, true, {}, [], () => "x", Symbol("x"), 5n, new Date(0)]) {
    throwsCode(() => client.send(wrong), "INVALID_DATA");
    await rejectsCode(client.deliver(wrong), "INVALID_DATA");
  }
  throwsCode(() => client.send(sharedView()), "INVALID_DATA");
  throwsCode(() => client.send(sharedView().buffer), "INVALID_DATA");
  const detached = detachedBuffer();
  throwsCode(() => client.send(detached), "INVALID_DATA");
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  throwsCode(() => client.send(view), "INVALID_DATA");
  client.send(new ArrayBuffer(0));
  client.send("");
  equal(socket.sent, [[], ""], "sent: what is empty is a message");
});

export const a_full_queue_refuses = test(async (lab) => {
  const client = lab.client({ queue: { maxMessages: 2, maxBytes: 10 } });
  client.send("1234");
  throwsCode(() => client.send("1234567"), "QUEUE_FULL");
  client.send("5678");
  throwsCode(() => client.send(""), "QUEUE_FULL");
  await rejectsCode(client.deliver("x"), "QUEUE_FULL");
  equal(client.queued, { messages: 2, bytes: 8 }, "what waits");
  const socket = await lab.network.open();
  equal(socket.sent, ["1234", "5678"], "sent");
});

export const a_message_that_is_too_long_is_refused_by_its_bytes = test(async (lab) => {
  const { client, socket } = await lab.opened({ maxMessage: 6 });
  const long = [
    "1234567",
    "ééé1",
    "€€€",
    "😀😀",
    "\ud800\ud800\ud800",
    new Uint8Array(7),
    new ArrayBuffer(7),
    new Blob(["1234567"]),
  ];
  const fitting = ["123456", "ééé", "€€", "😀12", "\ud800\ud800", new Uint8Array(6), new Blob(["123456"])];
  for (const data of long) {
    throwsCode(() => client.send(data), "MESSAGE_TOO_LARGE");
    await rejectsCode(client.deliver(data), "MESSAGE_TOO_LARGE");
  }
  for (const data of fitting) client.send(data);
  equal(socket.given.length, fitting.length, "how many were sent");
  socket.drop();
  for (const data of long) throwsCode(() => client.send(data), "MESSAGE_TOO_LARGE");
});

export const a_server_that_finds_a_message_too_large_is_reported_with_the_largest = test(async (lab) => {
  const { client, socket } = await lab.opened();
  client.send("1234");
  client.send("123456789");
  const failed = event(client, "error");
  socket.drop(1009);
  hasCode(await failed, "MESSAGE_TOO_LARGE", "9 bytes");
  equal(client.state, "reconnecting", "the state");
});

export const a_closed_client_refuses_everything = test(async (lab) => {
  const { client } = await lab.opened();
  client.close();
  for (const call of [() => client.send("x"), () => client.connect(), () => client.reconnect()])
    throwsCode(call, "CLOSED");
  for (const promise of [client.deliver("x"), client.flush(), client.ping(), client.once("message")]) {
    await rejectsCode(promise, "CLOSED");
  }
  equal(client.drain(), [], "drained");
  equal(
    [client.state, client.queued, client.bufferedAmount],
    ["closed", { messages: 0, bytes: 0 }, 0],
    "what it shows",
  );
  client.on("message", () => {})();
  client.off();
  client.close(4000, "again");
  equal((await client[Symbol.asyncIterator]().next()).done, true, "an iterator is at its end");
});

export const without_a_queue_and_a_link_sending_is_refused = test(async (lab) => {
  const client = lab.client({ queue: false });
  throwsCode(() => client.send("x"), "NOT_OPEN");
  await rejectsCode(client.deliver("x"), "NOT_OPEN");
  await rejectsCode(client.ping(), "NOT_OPEN");
  const socket = await lab.network.open();
  client.send("x");
  equal(socket.sent, ["x"], "sent");
  socket.readyState = 2;
  throwsCode(() => client.send("swallowed"), "NOT_OPEN");
});

export const a_platform_without_websocket_is_unsupported = test(async (lab) => {
  lab.replace(globalThis, "WebSocket", undefined);
  throwsCode(() => new Steadfast("ws://fake.test/"), "UNSUPPORTED");
  await rejectsCode(connect("ws://fake.test/"), "UNSUPPORTED");
  lab.client();
});

export const an_attempt_that_does_not_open_times_out = test(async (lab) => {
  const client = lab.client({ connectTimeout: 20 });
  const first = await lab.network.next();
  hasCode(await event(client, "error"), "CONNECT_TIMEOUT", "20");
  equal(first.readyState, 2, "the first attempt is closing");
  const second = await lab.network.open();
  first.open();
  first.message("late");
  first.drop(1008);
  equal([client.state, second.readyState], ["open", 1], "what an abandoned socket still says changes nothing");
});

export const a_link_that_stops_answering_times_out = test(async (lab) => {
  const { client, socket } = await lab.opened({ ...PONGS, reconnect: { first: 60_000 } });
  const answered = client.ping();
  socket.message("PONG");
  await answered;
  const events = record(client, ["error", "disconnect", "reconnecting"]);
  const unanswered = rejectsCode(client.ping(), "TIMEOUT");
  const lost = event(client, "reconnecting");
  hasCode(await event(client, "error"), "HEARTBEAT_TIMEOUT");
  await unanswered;
  await lost;
  equal(namesOf(events), ["error", "disconnect", "reconnecting"], "events");
  equal(events[1][1].code, 1006, "the code");
  equal(socket.closedWith.code, 4001, "closed with");
});

export const used_up_retries_are_the_end = test(async (lab) => {
  const options = [
    [{ reconnect: { retries: 0 } }, 1],
    [{ reconnect: { retries: 2 } }, 3],
    [{ reconnect: false }, 1],
    [{ reconnect: { maxElapsed: 0 } }, 1],
  ];
  for (const [option, attempts] of options) {
    const client = lab.client(option);
    const failed = event(client, "failed");
    for (let made = 0; made < attempts; made++) (await lab.network.next()).drop();
    hasCode(await failed, "RETRIES_EXHAUSTED");
    equal(client.state, "failed", "the state");
    client.connect();
    await lab.network.open();
    equal(client.state, "open", "connect() leads out of it: the state");
  }
});

export const a_close_that_must_not_be_retried_is_a_refusal = test(async (lab) => {
  for (const code of [1002, 1003, 1007, 1008, 1010, 3003]) {
    const { client, socket } = await lab.opened();
    const failed = event(client, "failed");
    socket.drop(code, "no");
    const error = hasCode(await failed, "REFUSED", String(code));
    equal(error.cause, { code, reason: "no", wasClean: true }, "the cause");
  }
});

export const credentials_refused_twice_are_the_end = test(async (lab) => {
  for (const code of [3000, 4401]) {
    let asked = 0;
    const { client, socket } = await lab.opened({ greet: () => `token ${++asked}` });
    const failed = event(client, "failed");
    socket.drop(code);
    const second = await lab.network.open();
    equal(second.sent, ["token 2"], "fresh credentials");
    second.drop(code);
    hasCode(await failed, "UNAUTHORIZED");
  }
});

export const a_trap_of_the_module_ends_the_client_and_says_so = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const events = record(client);
  const waiting = [rejectsCode(client.once("message"), "INTERNAL"), rejectsCode(client.ping(), "INTERNAL")];
  lab.later(breakFunction("client_handle"));
  const error = throwsCode(() => client.send("x"), "INTERNAL");
  ok(error.cause instanceof WebAssembly.RuntimeError, "the cause is the trap");
  equal(namesOf(events), ["statechange failed", "failed"], "events");
  equal(client.state, "failed", "the state");
  equal(socket.readyState, 2, "the socket is closing");
  await Promise.all(waiting);
  throwsCode(() => client.send("x"), "INTERNAL");
  throwsCode(() => client.reconnect(), "INTERNAL");
  await rejectsCode(client.deliver("x"), "INTERNAL");
  await rejectsCode(client.flush(), "INTERNAL");
  equal(client.drain(), [], "drained");
  ok(client.health.score >= 0 && client.queued.messages === 0, "it still shows what it knew");
  client.close();
});

export const a_trap_in_an_event_of_the_platform_ends_the_client_as_well = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const failed = event(client, "failed");
  const mend = breakFunction("client_poll");
  socket.message("x");
  mend();
  hasCode(await failed, "INTERNAL");
  await settled();
  const other = await lab.opened();
  equal(other.client.state, "open", "another client's state");
});

export const a_trap_before_the_first_attempt_ends_the_client_as_well = test(async (lab) => {
  const client = lab.client();
  const mend = breakFunction("client_poll");
  const failure = await event(client, "failed");
  mend();
  hasCode(failure, "INTERNAL");
  equal(client.state, "failed", "the state");
});

export const errors_are_errors = test(async () => {
  const cause = new Error("why");
  const error = new SteadfastError("CLOSED", "words", "id", cause);
  hasCode(error, "CLOSED", "words");
  equal([error.requestId, error.cause === cause, String(error)], ["id", true, "SteadfastError: words"], "what it says");
  ok(error.stack.length > 0, "it has a stack");
  ok(!("cause" in new SteadfastError("CLOSED", "words")), "no cause is no property");
});
