// Nothing outlives its client: no memory, no engine, no listener, no timer.

import { equal, ok } from "../harness/assert.js";
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
  // Fewer, when the platform has collected what other tests left meanwhile.
  ok(liveEngines() <= enginesBefore, `${liveEngines()} engines after ${enginesBefore}`);
  equal(platform.listeners, [], "listeners of the page");
  equal(platform.timers, 0, "timers");
});

export const a_running_client_has_one_timer_beside_that_of_all_and_its_listeners_until_it_is_closed = test(async (lab) => {
  const platform = watchPlatform();
  lab.later(() => platform.stop());
  const { client } = await lab.opened({ heartbeat: {} });
  equal(platform.timers, 2, "timers while open: its own, and that of the watch");
  const other = await lab.opened({ heartbeat: {} });
  equal(platform.timers, 3, "timers of two: they share the watch");
  other.client.close();
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
