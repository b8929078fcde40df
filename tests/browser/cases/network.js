// What the platform says about the network: hints, in pages and workers alike.

import { equal } from "../harness/assert.js";
import { event, namesOf, record, settled, test } from "../harness/test.js";

const tell = (type) => globalThis.dispatchEvent(new Event(type));

export const offline_makes_attempts_seldom_until_online = test(async (lab) => {
  const { client, socket } = await lab.opened();
  tell("offline");
  equal(client.state, "open", "an open link is left alone: the state");
  const events = record(client);
  socket.drop();
  equal(client.state, "offline", "the state");
  equal(namesOf(events), ["disconnect", "statechange offline", "reconnecting"], "events");
  equal(events[2][1].delay, 60_000, "the delay");
  await settled();
  equal(lab.network.sockets.length, 1, "sockets");
  tell("online");
  await lab.network.open();
  equal(client.state, "open", "the state");
});

export const offline_while_waiting_makes_the_next_attempt_seldom = test(async (lab) => {
  const { client, socket } = await lab.opened({ reconnect: { decide: () => ({ after: 30_000 }) } });
  socket.drop();
  tell("offline");
  equal(client.state, "offline", "the state");
  const waiting = event(client, "reconnecting");
  tell("online");
  equal((await waiting).reason, "the network is back", "the reason");
  await lab.network.open();
});

export const online_probes_an_open_link = test(async (lab) => {
  const { socket } = await lab.opened({ heartbeat: { interval: 60_000 } });
  tell("online");
  equal(socket.sent, ["PING"], "sent");
});

export const reconnecting_by_hand_does_not_wait_for_the_network = test(async (lab) => {
  const { client, socket } = await lab.opened();
  tell("offline");
  socket.drop();
  client.reconnect();
  await lab.network.open();
  equal(client.state, "open", "the state");
  tell("online");
});
