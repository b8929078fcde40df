// What a link shows over minutes and hours, by a network whose handshakes and answers take their time.

import { equal, ok } from "../harness/assert.js";
import { Clocks } from "../harness/clocks.js";
import { event, record, test } from "../harness/test.js";

const NIGHT_MS = 8 * 3_600_000;
const STEP_MS = 100;
const look = () => globalThis.dispatchEvent(new Event("online"));

/** A client whose handshake takes `ms`, by the clock. */
async function openedAfter(lab, clocks, ms, options) {
  const client = lab.client(options);
  const socket = await lab.network.next();
  await clocks.pass(ms);
  socket.open();
  await clocks.pass(0);
  return { client, socket };
}

/** A server that answers each ping `delay` later. Lets time pass with it. */
function answering(clocks, socket, delay) {
  const due = [];
  let now = 0;
  let seen = 0;
  return async (ms) => {
    for (const end = now + ms; now < end; ) {
      await clocks.pass(STEP_MS);
      now += STEP_MS;
      for (; seen < socket.sent.length; seen++) due.push(now + delay);
      for (; due[0] <= now; due.shift()) socket.message("PONG");
    }
  };
}

export const a_sleep_is_noticed_on_a_link_that_answers = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { socket } = await openedAfter(lab, clocks, 40, { heartbeat: {} });
  await answering(clocks, socket, 0)(3_000);
  const before = socket.sent.length;
  clocks.sleep(10_000);
  await clocks.pass(1_001);
  equal(socket.sent.length, before + 1, "pings within a second of waking");
  await clocks.pass(3_002);
  equal(socket.closedWith?.code, 4001, "the dead link ends with");
});

export const patience_counts_the_night = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await lab.opened({ reconnect: { maxElapsed: 60_000, decide: () => ({ after: 50_000 }) } });
  socket.drop();
  clocks.sleep(NIGHT_MS);
  await clocks.pass(50_001);
  equal([client.state, lab.network.sockets.length], ["failed", 1], "state, and sockets");
});

export const downtime_counts_the_night = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await lab.opened({ reconnect: { decide: () => ({ after: 10_000 }) } });
  const back = event(client, "reconnected");
  socket.drop();
  clocks.sleep(NIGHT_MS);
  await clocks.pass(10_001);
  await lab.network.open();
  const { downtime } = await back;
  ok(downtime >= NIGHT_MS, `the downtime: ${downtime}`);
});

export const a_look_at_the_tab_cuts_no_line_of_four_seconds = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await openedAfter(lab, clocks, 4_000, { heartbeat: {} });
  const losses = record(client, ["disconnect"]);
  const pass = answering(clocks, socket, 4_000);
  const roundTrip = client.ping();
  await pass(5_000);
  await roundTrip;
  for (let looks = 0; looks < 5; looks++) {
    look();
    await pass(10_000);
  }
  equal([client.state, losses], ["open", []], "the state, and losses");
});

export const a_busy_link_that_died_is_found = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await openedAfter(lab, clocks, 40, { heartbeat: {} });
  const losses = record(client, ["disconnect"]);
  const pass = answering(clocks, socket, 40);
  for (let messages = 0; messages < 30; messages++) {
    await pass(10_000);
    socket.message("busy");
  }
  equal(losses, [], "losses while it lived");
  await clocks.pass(30_000 + 3 * 10_000);
  equal([losses.length, socket.closedWith?.code], [1, 4001], "losses, and how the dead link ended");
});

export const a_young_link_that_died_is_found_on_waking = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await openedAfter(lab, clocks, 40, { heartbeat: {} });
  const losses = record(client, ["disconnect"]);
  await answering(clocks, socket, 40)(5_000);
  look();
  await clocks.pass(60_000);
  equal([losses.length, socket.closedWith?.code], [1, 4001], "losses, and how the dead link ended");
});

export const pongs_that_come_after_five_seconds_are_pongs = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await openedAfter(lab, clocks, 50, { codec: "json", heartbeat: {} });
  const events = record(client, ["message", "error", "disconnect"]);
  const beats = record(client, ["heartbeat"]);
  await answering(clocks, socket, 5_000)(180_000);
  equal(events, [], "messages, errors and losses");
  ok(
    beats.some(([, { rtt }]) => rtt >= 5_000),
    "the round trip is measured",
  );
});

export const a_server_that_drops_links_behind_pings_costs_few = test(async (lab) => {
  const clocks = new Clocks(lab);
  const warnings = [];
  const log = ({ level, message }) => level === "warn" && warnings.push(message);
  const { client } = await lab.opened({ log, heartbeat: {} });
  for (let seconds = 0; seconds < 3_600; seconds++) {
    await clocks.pass(1_000);
    const socket = lab.network.sockets.at(-1);
    if (socket.readyState === 0) socket.open();
    else if (socket.readyState === 1 && socket.sent.length > 0) socket.drop();
  }
  equal([client.state, lab.network.sockets.length <= 4, warnings.length], ["open", true, 1], `${warnings}`);
});
