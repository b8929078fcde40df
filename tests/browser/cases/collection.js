// What nobody refers to is collected, and what is open goes on. In a page only: Firefox lets no test collect in a worker.

import { equal } from "../harness/assert.js";
import { collect, collected } from "../harness/collect.js";
import { liveEngines, memoryBytes, Steadfast } from "../harness/module.js";
import { settled, test } from "../harness/test.js";

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
