// What the browser says of the network, and what its clocks show, is a hint: it makes the client slow, or makes it ask.

import { equal, ok } from "../harness/assert.js";
import { Clocks } from "../harness/clocks.js";
import { watchPlatform } from "../harness/platform.js";
import { event, namesOf, record, test } from "../harness/test.js";

const HOURS_MS = 8 * 3_600_000;
const tell = (type) => globalThis.dispatchEvent(new Event(type));
const sayOffline = (lab) => lab.replace(navigator, "onLine", false);

/** A client that has lost its link while the browser says that there is no network. */
async function offline(lab, options) {
  const made = await lab.opened(options);
  const sayOnline = sayOffline(lab);
  tell("offline");
  made.socket.drop();
  equal(made.client.state, "offline", "the state");
  return { ...made, sayOnline };
}

export const a_client_that_is_made_while_offline_connects_when_the_network_is_back = test(async (lab) => {
  const platform = watchPlatform();
  lab.later(() => platform.stop());
  const sayOnline = sayOffline(lab);
  const client = lab.client();
  const events = record(client, ["failed"]);
  (await lab.network.next()).drop();
  equal(client.state, "offline", "the state");
  sayOnline();
  tell("online");
  await lab.network.open();
  equal([client.state, events], ["open", []], "the state, and failures");
  client.close();
  equal([platform.timers, platform.listeners], [0, []], "timers and listeners when closed");
});

export const a_client_that_gave_up_starts_again_while_offline = test(async (lab) => {
  for (const again of ["connect", "reconnect"]) {
    const { client } = await lab.failed();
    const sayOnline = sayOffline(lab);
    client[again]();
    (await lab.network.next()).drop();
    equal(client.state, "offline", `the state after ${again}()`);
    sayOnline();
    tell("online");
    await lab.network.open();
    equal(client.state, "open", `the state after ${again}()`);
  }
});

export const a_browser_that_is_wrong_about_the_network_makes_attempts_seldom_and_no_more = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client } = await offline(lab);
  for (const sockets of [1, 2]) {
    await clocks.pass(59_000);
    equal(lab.network.sockets.length, sockets, "sockets after 59 s");
    await clocks.pass(2_000);
    equal(lab.network.sockets.length, sockets + 1, "sockets after 61 s");
    if (sockets === 1) (await lab.network.next()).drop();
  }
  await lab.network.open();
  equal(client.state, "open", "the state");
});

export const what_a_user_does_asks_the_browser_again_and_tries_at_once = test(async (lab) => {
  const acts = {
    focus: () => tell("focus"),
    send: (client) => client.send("x"),
    connect: (client) => client.connect(),
    reconnect: (client) => client.reconnect(),
  };
  for (const act of Object.values(acts)) {
    const { client, sayOnline } = await offline(lab);
    sayOnline();
    act(client);
    await lab.network.open();
    equal(client.state, "open", "the state");
    client.close();
  }
});

export const a_sleep_that_no_event_tells_of_is_noticed_within_a_second = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { socket } = await lab.opened({ heartbeat: {} });
  await clocks.pass(2_000);
  socket.message("PONG");
  equal(socket.sent, ["PING"], "sent");
  clocks.sleep(10_000);
  await clocks.pass(1_000);
  equal(socket.sent, ["PING", "PING"], "sent after the sleep");
  await clocks.pass(3_002);
  equal(socket.closedWith?.code, 4001, "the dead link ends with");
  await lab.network.open();
});

export const a_long_wait_is_cut_short_by_a_sleep = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await lab.opened({ reconnect: { decide: () => ({ after: 60_000 }) } });
  socket.drop();
  await clocks.pass(2_000);
  equal(lab.network.sockets.length, 1, "sockets");
  clocks.sleep(10_000);
  await clocks.pass(1_001);
  await lab.network.open();
  equal(client.state, "open", "the state");
});

export const what_a_sleep_outdated_is_not_sent = test(async (lab) => {
  const clocks = new Clocks(lab);
  const client = lab.client();
  const dropped = record(client, ["dropped"]);
  client.send("old", { ttl: 30_000 });
  client.send("kept");
  (await lab.network.next()).drop();
  clocks.sleep(HOURS_MS);
  await clocks.pass(1_001);
  const socket = await lab.network.open();
  equal(socket.sent, ["kept"], "sent");
  equal(
    dropped.map(([, { data, reason }]) => [data, reason]),
    [["old", "ttl"]],
    "dropped",
  );
});

export const patience_and_downtime_count_what_was_slept = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await lab.opened({ reconnect: { base: 10_000, min: 10_000, first: 10_000 } });
  socket.drop();
  clocks.sleep(HOURS_MS);
  const back = event(client, "reconnected");
  client.connect();
  await clocks.pass(20_000);
  await lab.network.open();
  ok((await back).downtime >= HOURS_MS, "the downtime counts the night");

  const impatient = await lab.opened({ reconnect: { maxElapsed: 60_000, decide: () => ({ after: 50_000 }) } });
  impatient.socket.drop();
  clocks.sleep(HOURS_MS);
  const failed = event(impatient.client, "failed");
  await clocks.pass(1_001);
  equal((await failed).code, "RETRIES_EXHAUSTED", "it has waited for longer than it was to");
});

export const a_probe_has_the_time_that_the_line_needs = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await lab.opened({ heartbeat: {} });
  const lost = record(client, ["disconnect"]);
  client.ping().catch(() => {});
  await clocks.pass(4_000);
  socket.message("PONG");
  for (let look = 0; look < 3; look++) {
    tell("online");
    equal(socket.sent.length, look + 2, "pings");
    await clocks.pass(4_000);
    socket.message("PONG");
  }
  equal([client.state, lost], ["open", []], "the state, and losses");
});

export const many_clients_share_one_watch = test(async (lab) => {
  const clocks = new Clocks(lab);
  const clients = [];
  for (let at = 0; at < 20; at++) clients.push((await lab.opened()).client);
  equal(clocks.timers, 1, "timers, without heartbeats");
  const probed = await lab.opened({ heartbeat: { interval: 60_000 } });
  clocks.sleep(10_000);
  await clocks.pass(1_000);
  equal(probed.socket.sent, ["PING"], "sent");
  for (const client of [...clients, probed.client]) client.close();
  equal(clocks.timers, 0, "timers at the end");
});

export const an_event_that_is_no_news_changes_nothing = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const events = record(client);
  for (const type of ["focus", "online", "offline", "focus", "online"]) tell(type);
  equal([namesOf(events), socket.sent, client.state], [[], [], "open"], "events, what was sent, and the state");
});
