// Listeners may call anything, at any moment, and throw.

import { equal, hasCode, ok, throwsCode } from "../harness/assert.js";
import { FakeEndpoint } from "../harness/endpoint.js";
import { EVENTS, event, namesOf, record, settled, test } from "../harness/test.js";

export const messages_sent_by_listeners_leave_in_their_order = test(async (lab) => {
  const client = lab.client();
  client.on("open", () => {
    client.send("1");
    client.send("2");
  });
  client.on("open", () => client.send("3"));
  client.on("message", ({ data }) => client.send(`re ${data}`));
  const socket = await lab.network.open();
  equal(socket.sent, ["1", "2", "3"], "sent while opening");
  await settled();
  socket.message("a");
  socket.message("b");
  equal(socket.sent.slice(3), ["re a", "re b"], "sent while receiving");
});

export const what_waited_leaves_before_what_a_listener_sends = test(async (lab) => {
  const client = lab.client();
  client.send("waited 1");
  client.send("waited 2");
  client.on("statechange", ({ to }) => to === "open" && client.send("from a listener"));
  const socket = await lab.network.open();
  equal(socket.sent, ["waited 1", "waited 2", "from a listener"], "sent");
});

export const a_buffer_that_a_listener_reuses_is_sent_as_it_was = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const buffer = new Uint8Array(2);
  client.on("message", () => {
    for (let at = 1; at <= 3; at++) {
      buffer.fill(at);
      client.send(buffer);
      client.send(buffer.buffer);
    }
    buffer.fill(9);
  });
  await settled();
  socket.message("go");
  equal(
    socket.sent,
    [
      [1, 1],
      [1, 1],
      [2, 2],
      [2, 2],
      [3, 3],
      [3, 3],
    ],
    "sent",
  );
});

export const a_listener_that_is_removed_during_an_event_is_not_called = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const heard = [];
  const second = () => heard.push("second");
  client.on("message", () => {
    heard.push("first");
    client.off("message", second);
  });
  client.on("message", second);
  client.on("message", () => heard.push("third"));
  await settled();
  socket.message("a");
  equal(heard, ["first", "third"], "heard");
});

export const a_listener_that_removes_itself_leaves_the_others_their_turn = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const heard = [];
  const remove = client.on("message", () => {
    heard.push("first");
    remove();
  });
  client.on("message", () => heard.push("second"));
  await settled();
  socket.message("a");
  socket.message("b");
  equal(heard, ["first", "second", "second"], "heard");
});

export const a_listener_added_during_an_event_hears_the_next = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const heard = [];
  client.on("message", ({ data }) => {
    if (data === "a") client.on("message", (later) => heard.push(later.data));
  });
  await settled();
  socket.message("a");
  socket.message("b");
  equal(heard, ["b"], "heard");
});

export const closing_in_a_listener_ends_the_events_of_messages = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const heard = [];
  client.on("message", ({ data }) => {
    heard.push(data);
    client.close(4321, "enough");
    equal(client.state, "closed", "the state right after close");
  });
  await settled();
  socket.message("a");
  socket.message("b");
  equal(heard, ["a"], "heard");
  equal(socket.closedWith, { code: 4321, reason: "enough" }, "closed with");
});

export const messages_that_waited_stop_when_a_listener_closes = test(async (lab) => {
  const { client, socket } = await lab.opened();
  for (const data of ["a", "b", "c"]) socket.message(data);
  const heard = [];
  const closed = event(client, "close");
  client.on("message", ({ data }) => {
    heard.push(data);
    if (data === "b") client.close();
  });
  await closed;
  equal(heard, ["a", "b"], "heard");
});

export const a_throwing_listener_is_reported_and_disturbs_nothing = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const heard = [];
  const mistakes = [new Error("the first"), new Error("the second")];
  client.on("message", ({ data }) => {
    heard.push(data);
    throw mistakes[heard.length === 1 ? 0 : 1];
  });
  client.on("message", ({ data }) => heard.push(`second ${data}`));
  await settled();
  socket.message("a");
  socket.message("b");
  equal(heard, ["a", "second a", "b", "second b"], "heard");
  const reported = lab.reported.splice(0);
  equal(reported.length, 2, "how many were reported");
  ok(reported[0] === mistakes[0] && reported[1] === mistakes[1], "the very errors are reported");
  client.send("goes on");
  equal(socket.sent, ["goes on"], "sent");
});

export const a_throwing_log_function_is_reported_and_disturbs_nothing = test(async (lab) => {
  const log = () => {
    throw new Error("log");
  };
  const { client, socket } = await lab.opened({ log });
  ok(lab.reported.length > 0 && lab.reported.every(({ message }) => message === "log"), "the error is reported");
  lab.reported.length = 0;
  client.send("goes on");
  equal(socket.sent, ["goes on"], "sent");
  client.close();
  lab.reported.length = 0;
});

export const sending_in_the_close_event_is_refused = test(async (lab) => {
  const { client } = await lab.opened();
  let refused;
  client.on("close", () => {
    refused = throwsCode(() => client.send("late"), "CLOSED");
  });
  client.close();
  ok(refused, "the listener was called");
});

export const sending_again_what_was_dropped_ends = test(async (lab) => {
  const client = lab.client({ queue: { maxMessages: 1, overflow: "drop-newest" } });
  let drops = 0;
  client.on("dropped", ({ data }) => ++drops < 5 && client.send(data));
  client.send("first");
  client.send("second");
  equal(drops, 5, "how often it was dropped");
  equal(client.queued, { messages: 1, bytes: 5 }, "what waits");
});

export const reconnecting_in_a_listener_makes_one_new_link = test(async (lab) => {
  const client = lab.client();
  const events = record(client);
  client.on("open", () => client.reconnect("again"), { once: true });
  const first = await lab.network.open();
  equal(first.closedWith, { code: 1000, reason: "again" }, "the first was closed with");
  await lab.network.open();
  equal(lab.network.live.length, 1, "links");
  equal(
    namesOf(events),
    [
      "statechange connecting",
      "statechange open",
      "open",
      "disconnect",
      "statechange reconnecting",
      "reconnecting",
      "statechange open",
      "open",
      "reconnected",
    ],
    "events",
  );
});

/** What a listener may do, by name; what each may be refused with once the client is closed or lost. */
const ACTIONS = {
  send: (client) => client.send("from a listener"),
  sendVolatile: (client) => client.send("volatile", { volatile: true }),
  on: (client) => client.on("message", () => {}),
  off: (client, event) => client.off(event),
  offAll: (client) => client.off(),
  connect: (client) => client.connect(),
  reconnect: (client) => client.reconnect("from a listener"),
  drain: (client) => client.drain(),
  ping: (client, _, refused) => client.ping().catch(refused),
  flush: (client, _, refused) => client.flush().catch(refused),
  deliver: (client, _, refused) => client.deliver("delivered").catch(refused),
  once: (client, event, refused) => client.once(event).catch(refused),
  snapshot: (client, _, refused) => client.snapshot().catch(refused),
  close: (client) => client.close(4000, "from a listener"),
};
const REFUSALS = ["CLOSED", "NOT_OPEN", "QUEUE_FULL", "ABORTED", "REFUSED", "TIMEOUT"];

/** That of a durable queue has its own test: persist-failing.js. */
const EVENTS_HERE = EVENTS.filter((event) => event !== "storage");

export const every_method_may_be_called_in_every_event = test(async (lab) => {
  for (const event of EVENTS_HERE) {
    for (const [name, act] of Object.entries(ACTIONS)) await actIn(lab, event, name, act);
  }
});

export const a_listener_may_throw_in_every_event = test(async (lab) => {
  for (const event of EVENTS_HERE) {
    await actIn(lab, event, "throwing", () => {
      throw new Error(event);
    });
    const reported = lab.reported.splice(0).map(({ message }) => message);
    equal(reported, [event], "reported");
  }
});

/** Lives a life with every event, in which the first `event` calls `act`; what must hold whatever it does. */
async function actIn(lab, event, name, act) {
  const what = `${name} in ${event}`;
  const endpoint = new FakeEndpoint(lab);
  endpoint.onrestore = () => [200, { data: {}, version: 1 }];
  const client = lab.client({
    snapshot: {
      capture: () => 1,
      restore: () => {},
      key: "k",
      endpoint: "http://fake.test/state",
      interval: 1_000_000,
    },
    queue: { maxMessages: 2, overflow: "drop-oldest" },
    heartbeat: { interval: 60_000 },
  });
  const refused = (error) => {
    hasCode(error, error.code);
    ok(REFUSALS.includes(error.code), `${what}: ${error.code} is a refusal that is documented`);
  };
  let acted = 0;
  client.on(event, () => {
    if (acted++) return;
    try {
      act(client, event, refused);
    } catch (error) {
      if (name === "throwing") throw error;
      refused(error);
    }
  });
  let closes = 0;
  if (name !== "offAll" && !(name === "off" && event === "close")) client.on("close", () => closes++);
  else closes = 1;
  await live(lab, client, what);
  ok(acted > 0, `${what}: the event came`);
  equal(client.state, "closed", `${what}: the state`);
  equal(closes, 1, `${what}: how often it closed`);
  equal(lab.network.live.length, 0, `${what}: links that are left`);
}

/** From the first attempt through every kind of event to the end, as far as the client goes along. */
async function live(lab, client, what) {
  for (const text of ["a", "b", "c"]) client.state !== "closed" && client.send(text);
  await openNext(lab, client, what);
  client.snapshot().catch(() => {});
  for (const text of ["1", "2", "3"]) linkOf(lab)?.message(text);
  await settled();
  if (!["closed", "failed"].includes(client.state)) client.on("message", () => {});
  await settled();
  client.ping().catch(() => {});
  linkOf(lab)?.message("PONG");
  for (const code of [1009, 1006]) {
    linkOf(lab)?.drop(code);
    await openNext(lab, client, what);
  }
  linkOf(lab)?.drop(1008);
  client.close();
  await settled();
}

const linkOf = (lab) => lab.network.live.find(({ readyState }) => readyState === 1);

/** Opens the client's next socket, unless it has an open one or wants none any more. */
async function openNext(lab, client, what) {
  while (!["open", "closed", "failed"].includes(client.state)) {
    const waiting = lab.network.live.find(({ readyState }) => readyState === 0);
    if (waiting) waiting.open();
    else await settled();
    ok(lab.network.live.length <= 1, `${what}: at most one link`);
  }
}
