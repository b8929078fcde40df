// Nothing outlives its client: no memory, no engine, no listener, no timer; and what nobody refers to is collected.

import { equal, ok } from "../harness/assert.js";
import { collect, collected } from "../harness/collect.js";
import { liveEngines, memoryBytes, Steadfast } from "../harness/module.js";
import { watchPlatform } from "../harness/platform.js";
import { event, settled, test } from "../harness/test.js";

/** Opens and closes a client `times` times, with everything on that it can leave behind. */
async function openAndClose(lab, times) {
  for (let cycle = 0; cycle < times; cycle++) {
    const controller = new AbortController();
    const client = new Steadfast("ws://fake.test/", {
      webSocket: lab.network.WebSocket,
      signal: controller.signal,
      log: "silent",
      codec: "json",
    });
    client.on("message", () => {}, { signal: controller.signal });
    client.once("open").catch(() => {});
    const reading = client[Symbol.asyncIterator]().next();
    client.send({ cycle }, { key: "k", ttl: 60_000 });
    const socket = await lab.network.open();
    client.deliver({ cycle }).catch(() => {});
    client.ping().catch(() => {});
    client.flush({ timeout: 60_000 }).catch(() => {});
    socket.message("{}");
    if (cycle % 2) socket.drop(1006);
    client.send({ late: cycle });
    client.close();
    await reading;
  }
  lab.network.forget();
}

export const a_thousand_cycles_leave_nothing_behind = test(async (lab) => {
  const enginesBefore = liveEngines();
  await openAndClose(lab, 100);
  const platform = watchPlatform();
  lab.later(() => platform.stop());
  const memory = memoryBytes();
  await openAndClose(lab, 1_000);
  await settled();
  equal(memoryBytes(), memory, "bytes of the module's memory");
  equal(liveEngines(), enginesBefore, "engines");
  equal(platform.listeners, [], "listeners of the page");
  equal(platform.timers, 0, "timers");
});

export const a_running_client_has_one_timer_and_its_listeners_until_it_is_closed = test(async (lab) => {
  const platform = watchPlatform();
  lab.later(() => platform.stop());
  const { client } = await lab.opened({ heartbeat: {} });
  equal(platform.timers, 1, "timers while open");
  ok(platform.listeners.includes("online"), "it listens to the page while open");
  client.close();
  equal([platform.timers, platform.listeners], [0, []], "timers and listeners when closed");
});

export const a_failed_or_idle_client_has_neither = test(async (lab) => {
  const platform = watchPlatform();
  lab.later(() => platform.stop());
  lab.client({ autoConnect: false });
  await settled();
  equal([platform.timers, platform.listeners], [0, []], "timers and listeners when idle");
  const { client } = await lab.failed();
  equal([platform.timers, platform.listeners], [0, []], "timers and listeners when failed");
  client.reconnect();
  await lab.network.open();
  ok(platform.listeners.includes("offline"), "it listens again after reconnect()");
});

export const promises_leave_no_timer_and_no_listener_of_a_signal = test(async (lab) => {
  const { client } = await lab.opened();
  const platform = watchPlatform();
  lab.later(() => platform.stop());
  const controller = new AbortController();
  const counts = { added: 0, removed: 0 };
  for (const [method, count] of [
    ["addEventListener", "added"],
    ["removeEventListener", "removed"],
  ]) {
    controller.signal[method] = (...args) => {
      counts[count]++;
      return EventTarget.prototype[method].apply(controller.signal, args);
    };
  }
  await client.deliver("x", { signal: controller.signal });
  client.on("message", () => {}, { signal: controller.signal })();
  const { signal } = controller;
  const opened = client.once("open", { signal });
  client.reconnect();
  await lab.network.open();
  await opened;
  await client.flush({ timeout: 60_000 });
  await settled();
  ok(counts.added > 0, "it listened to the signal");
  equal(counts.removed, counts.added, "how often it stopped");
  client.close();
  equal(platform.timers, 0, "timers");
});

export const a_broken_off_socket_has_no_listeners_left = test(async (lab) => {
  const { client, socket } = await lab.opened();
  client.reconnect();
  for (const name of ["onopen", "onmessage", "onclose"]) equal(socket[name], null, name);
});

/** WeakRefs to `count` clients that `make` makes and nothing here refers to. */
async function forgotten(count, make) {
  const refs = [];
  for (let made = 0; made < count; made++) refs.push(new WeakRef(await make()));
  return refs;
}

export const an_idle_client_that_nobody_refers_to_is_collected_with_its_engine = test(async (lab) => {
  const { WebSocket: webSocket } = lab.network;
  const before = liveEngines();
  const refs = await forgotten(20, async () => new Steadfast("ws://fake.test/", { webSocket, autoConnect: false }));
  equal(liveEngines(), before + refs.length, "engines");
  await collected(refs);
  while (liveEngines() > before) await collect();
});

export const a_failed_client_that_nobody_refers_to_is_collected_with_its_engine = test(async (lab) => {
  const { WebSocket: webSocket } = lab.network;
  const before = liveEngines();
  const refs = await forgotten(20, async () => {
    const client = new Steadfast("ws://fake.test/", { webSocket, log: "silent" });
    (await lab.network.open()).drop(1008);
    return client;
  });
  await collected(refs);
  while (liveEngines() > before) await collect();
});

export const a_closed_client_that_nobody_refers_to_is_collected = test(async (lab) => {
  const { WebSocket: webSocket } = lab.network;
  const signal = new AbortController().signal;
  const refs = await forgotten(20, async () => {
    const client = new Steadfast("ws://fake.test/", { webSocket, log: "silent", signal });
    client.on("message", () => client.state, { signal });
    await lab.network.open();
    client.close();
    return client;
  });
  await collected(refs);
});

export const two_hundred_forgotten_clients_do_not_grow_the_memory = test(async (lab) => {
  const { WebSocket: webSocket } = lab.network;
  const round = async () => {
    const before = liveEngines();
    const refs = await forgotten(200, async () => {
      const client = new Steadfast("ws://fake.test/", { webSocket, autoConnect: false });
      client.send("x".repeat(100));
      return client;
    });
    await collected(refs);
    while (liveEngines() > before) await collect();
  };
  await round();
  const memory = memoryBytes();
  await round();
  await round();
  equal(memoryBytes(), memory, "bytes of the module's memory");
});

/** Makes a client that answers, and keeps no reference to it. */
function makeAnswering(lab) {
  const { WebSocket: webSocket } = lab.network;
  const reconnect = { first: 0 };
  const client = new Steadfast("ws://fake.test/", { webSocket, log: "silent", heartbeat: false, reconnect });
  client.on("message", ({ data }) => {
    if (data === "close") client.close();
    else client.send(`re ${data}`);
  });
}

export const an_open_client_that_nobody_refers_to_goes_on = test(async (lab) => {
  makeAnswering(lab);
  const socket = await lab.network.open();
  await settled();
  await collected([new WeakRef({})]);
  for (let round = 0; round < 5; round++) await collect();
  socket.message("a");
  equal(socket.sent, ["re a"], "sent");
  lab.network.forget();
  socket.drop();
  const next = await lab.network.open();
  for (let round = 0; round < 5; round++) await collect();
  next.message("b");
  equal(next.sent, ["re b"], "sent on the next link");
  next.message("close");
  equal(next.readyState, 2, "the socket is closing");
});

export const a_closed_client_lets_go_of_messages_and_listeners = test(async (lab) => {
  const client = lab.client({ codec: "json" });
  const refs = hold(client);
  client.close();
  await collected(refs);
  equal(client.state, "closed", "the state");
});

/** Gives `client` things to hold, and keeps only weak references to them. */
function hold(client) {
  const listener = () => {};
  const value = { text: "x" };
  client.on("message", listener);
  client.once("message").catch(listener);
  client.send(value, { key: "k" });
  return [new WeakRef(listener), new WeakRef(value)];
}

export const events_reach_a_client_until_it_is_closed = test(async (lab) => {
  const { client, socket } = await lab.opened({ reconnect: { first: 60_000 } });
  const lost = event(client, "reconnecting");
  socket.drop();
  await lost;
  globalThis.dispatchEvent(new Event("offline"));
  equal(client.state, "offline", "the state without a network");
  client.close();
  globalThis.dispatchEvent(new Event("online"));
  equal(client.state, "closed", "the state");
  equal(lab.network.sockets.length, 1, "sockets");
});
