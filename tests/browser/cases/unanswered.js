// Servers that answer pings late, never, or by ending the link.

import { equal, ok } from "../harness/assert.js";
import { Clocks } from "../harness/clocks.js";
import { event, record, test } from "../harness/test.js";

/** A log that keeps its warnings. */
function warnings() {
  const log = (record) => record.level === "warn" && log.texts.push(record.message);
  log.texts = [];
  return log;
}

export const a_busy_link_is_asked_soon_and_then_found_dead = test(async (lab) => {
  const clocks = new Clocks(lab);
  const { client, socket } = await lab.opened({ heartbeat: {} });
  const busy = async (times) => {
    for (let at = 0; at < times; at++) {
      await clocks.pass(500);
      socket.message("busy");
    }
  };
  await busy(5);
  equal(socket.sent, ["PING"], "sent, busy or not");
  socket.message("PONG");
  await busy(20);
  equal(socket.sent, ["PING"], "a busy link is not asked again");
  const lost = event(client, "disconnect");
  await clocks.pass(60_000);
  equal([(await lost).code, socket.closedWith.code], [1006, 4001], "how it was lost");
});

export const a_server_that_never_answers_is_asked_for_ever = test(async (lab) => {
  const clocks = new Clocks(lab);
  const log = warnings();
  const { client, socket } = await lab.opened({ log, heartbeat: { interval: 25_000 } });
  await clocks.pass(120_000);
  const before = socket.sent.length;
  for (let minute = 0; minute < 10; minute++) {
    const sent = socket.sent.length;
    await clocks.pass(60_000);
    ok(socket.sent.length > sent, "a ping in every minute");
  }
  ok(socket.sent.length - before <= 24, "one each interval");
  equal([client.state, lab.network.sockets.length, log.texts.length], ["open", 1, 1], "state, sockets and warnings");
});

export const a_server_that_drops_the_link_behind_pings_gets_none_after_two = test(async (lab) => {
  const clocks = new Clocks(lab);
  const log = warnings();
  let { socket } = await lab.opened({ log, heartbeat: {} });
  for (let links = 0; links < 2; links++) {
    equal(log.texts, [], "warnings");
    await clocks.pass(2_000);
    equal(socket.sent, ["PING"], "sent");
    socket.drop();
    await clocks.pass(1);
    socket = await lab.network.open();
  }
  await clocks.pass(600_000);
  equal([socket.sent, socket.readyState], [[], 1], "the third link has no ping, and lives");
  equal(log.texts.length, 1, `warnings: ${log.texts}`);
  ok(/heartbeat: false.* ping /.test(log.texts[0]), "it says what to set");
});

export const a_first_opening_that_fails_is_told_once = test(async (lab) => {
  const log = warnings();
  const client = lab.client({ log });
  for (let attempt = 0; attempt < 4; attempt++) (await lab.network.next()).drop();
  equal(log.texts.length, 1, `warnings: ${log.texts}`);
  for (const hint of ["ws://fake.test/path", "address", "origin", "server"]) {
    ok(log.texts[0].includes(hint), `it names ${hint}`);
  }
  (await lab.network.open()).drop();
  (await lab.network.next()).drop();
  equal(log.texts.length, 1, "warnings after it was open");
  client.close();
});

export const a_server_that_speaks_no_sessions_is_named_after_three_openings = test(async (lab) => {
  const client = lab.client({ session: { storage: "memory" } });
  const errors = record(client, ["error"]);
  for (let attempt = 0; attempt < 5; attempt++) {
    equal(errors.length, attempt < 3 ? 0 : 1, `errors before attempt ${attempt + 1}`);
    (await lab.network.next()).drop();
  }
  const [[, error]] = errors;
  equal([error.code, error.message.includes("steadfast.v1")], ["PROTOCOL", true], "the error");
});
