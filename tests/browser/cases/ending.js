// Closing, failing, and what comes in which order.

import { equal, ok, rejectsCode } from "../harness/assert.js";
import { event, namesOf, record, settled, test } from "../harness/test.js";

const END = ["disconnect", "statechange", "dropped", "failed", "close"];

export const closing_an_open_client_tells_in_order = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const events = record(client);
  client.close(4000, "bye");
  equal(client.state, "closed", "the state");
  equal(namesOf(events), ["disconnect", "statechange closing", "statechange closed", "close"], "events");
  equal(
    events[0][1],
    { code: 4000, reason: "bye", wasClean: true, willRetry: false, unconfirmed: 0 },
    "the disconnect event",
  );
  equal(events[3][1], { code: 4000, reason: "bye", wasClean: true }, "the close event");
  equal(socket.closedWith, { code: 4000, reason: "bye" }, "the socket was closed with");
});

export const closing_says_what_of_every_message_that_waited = test(async (lab) => {
  const client = lab.client();
  client.send("a");
  client.send("b");
  const events = record(client, END);
  client.close();
  equal(namesOf(events), ["statechange closing", "dropped", "dropped", "statechange closed", "close"], "events");
  equal(events[1][1], { data: "a", reason: "closed", delivered: false }, "the first drop");
  equal(client.queued, { messages: 0, bytes: 0 }, "what waits");
});

export const failing_tells_in_order = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const events = record(client);
  socket.drop(1008, "policy");
  equal(namesOf(events), ["disconnect", "statechange failed", "failed"], "events");
  equal(
    events[0][1],
    { code: 1008, reason: "policy", wasClean: true, willRetry: false, unconfirmed: 0 },
    "the disconnect event",
  );
});

export const losing_and_coming_back_tells_in_order = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const events = record(client);
  client.send("unconfirmed");
  socket.drop(1011, "oops");
  await lab.network.open();
  equal(
    namesOf(events),
    ["disconnect", "statechange reconnecting", "reconnecting", "statechange open", "open", "reconnected"],
    "events",
  );
  const [[, lost], , [, retry], , [, opened], [, back]] = events;
  equal(lost, { code: 1011, reason: "oops", wasClean: true, willRetry: true, unconfirmed: 1 }, "disconnect");
  equal([retry.attempt, retry.reason], [2, "closed with 1011"], "reconnecting");
  ok(Math.abs(retry.retryAt - Date.now() - retry.delay) < 5_000, "retryAt is a moment of the wall clock");
  equal(opened, { url: "ws://fake.test/path", protocol: "", attempt: 2, resumed: false }, "open");
  equal([back.attempts, back.resumed, back.replayed], [1, false, 0], "reconnected");
});

export const a_client_can_be_closed_in_every_state = test(async (lab) => {
  const states = {
    idle: async () => lab.client({ autoConnect: false }),
    connecting: async () => lab.client(),
    open: async () => (await lab.opened()).client,
    reconnecting: async () => {
      const { client, socket } = await lab.opened({ reconnect: { first: 60_000 } });
      socket.drop();
      return client;
    },
    failed: async () => (await lab.failed()).client,
  };
  for (const [state, make] of Object.entries(states)) {
    const client = await make();
    equal(client.state, state, "the state before");
    const events = record(client, ["statechange", "failed", "close", "error"]);
    client.close();
    equal(client.state, "closed", `the state after closing in ${state}`);
    equal(namesOf(events), ["statechange closing", "statechange closed", "close"], `events after ${state}`);
    await settled();
    equal(lab.network.live.length, 0, "links");
  }
});

export const closing_twice_is_harmless = test(async (lab) => {
  const { client, socket } = await lab.opened();
  let closes = 0;
  client.on("close", () => {
    closes++;
    client.close(4002, "third");
  });
  client.on("statechange", ({ to }) => to === "closing" && client.close(4001, "second"));
  client.close(4000, "first");
  client.close(4003, "fourth");
  client[Symbol.dispose ?? "close"]();
  equal(closes, 1, "how often it closed");
  equal(socket.closedWith, { code: 4000, reason: "first" }, "closed with");
});

export const a_link_is_never_waited_for = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const closed = event(client, "close");
  client.close();
  equal(socket.readyState, 2, "the socket is still closing");
  await closed;
  const heard = record(client);
  socket.message("late");
  socket.drop(1000);
  equal(heard, [], "what is heard of it");
});

export const disposing_is_closing = test(async (lab) => {
  if (!Symbol.dispose) return;
  const { client, socket } = await lab.opened();
  client[Symbol.dispose]();
  client[Symbol.dispose]();
  equal([client.state, socket.closedWith], ["closed", { code: 1000, reason: "" }], "state, and what it closed with");
});

export const there_is_no_free = test(async (lab) => {
  equal(typeof lab.client({ autoConnect: false }).free, "undefined", "the type of free");
});

export const a_signal_closes = test(async (lab) => {
  const controller = new AbortController();
  const { client, socket } = await lab.opened({ signal: controller.signal });
  controller.abort();
  equal([client.state, socket.readyState], ["closed", 2], "client and socket");
  const late = lab.client({ signal: controller.signal });
  equal(late.state, "closed", "the state of a client whose signal has already aborted");
  await rejectsCode(late.once("open"), "CLOSED");
  equal(lab.network.sockets.length, 1, "sockets");
});

export const connecting_again_makes_no_second_link = test(async (lab) => {
  const client = lab.client({ autoConnect: false });
  equal(client.state, "idle", "the state");
  client.connect();
  equal(client.state, "connecting", "the state");
  client.connect();
  const socket = await lab.network.open();
  client.connect();
  client.connect();
  await settled();
  equal(lab.network.sockets.length, 1, "sockets");
  const lost = event(client, "reconnecting");
  socket.drop();
  await lost;
  client.connect();
  await lab.network.open();
  equal(lab.network.sockets.length, 2, "sockets");
});

export const reconnecting_drops_the_link_and_starts_over = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const events = record(client);
  client.reconnect("a change of mind");
  equal(socket.closedWith, { code: 1000, reason: "a change of mind" }, "closed with");
  equal(namesOf(events), ["disconnect", "statechange reconnecting", "reconnecting"], "events");
  equal([events[2][1].delay, events[2][1].reason], [0, "requested"], "delay and reason");
  await lab.network.open();
  equal(client.state, "open", "the state");
});

export const reconnecting_leads_out_of_failed = test(async (lab) => {
  const { client } = await lab.failed();
  client.reconnect();
  await lab.network.open();
  equal(client.state, "open", "the state");
});
