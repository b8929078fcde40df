// A durable queue: anything may stand in what pages can write to. What cannot be read is reported and never used, and
// nothing else is lost with it.

import { equal, hasCode } from "../harness/assert.js";
import { durable, freshName, leaveBehind, recordsOf } from "../harness/durable.js";
import { nextPeer, RESUMED } from "../harness/peer.js";
import { inStore, messagesWhen, storedMessages, storedRows } from "../harness/stored.js";
import { event, record, test } from "../harness/test.js";

const droppedOf = (events) =>
  events.filter(([name]) => name === "dropped").map(([, { data, reason, delivered }]) => [data, reason, delivered]);
const errorsOf = (events) => events.filter(([name]) => name === "error").map(([, error]) => error);

/** A page that finds this: its peer, welcomed with `fields`, and its events. */
async function finds(lab, name, fields) {
  const client = lab.client(durable(name));
  const events = record(client, ["dropped", "error"]);
  const opened = event(client, "open");
  const peer = await nextPeer(lab);
  const hello = await peer.welcome(fields);
  await opened;
  return { client, peer, hello, events };
}

const BAD_ROWS = [
  { data: undefined },
  { data: null },
  { data: 7 },
  { data: { text: "no message" } },
  { data: ["a"] },
  { number: undefined },
  { number: -1 },
  { number: 1.5 },
  { number: "1" },
  { number: 2 },
  { number: 4 },
  { number: Number.NaN },
  { number: 2 ** 53 },
  { priority: undefined },
  { priority: "urgent" },
  { priority: 1 },
  { key: 5 },
  { key: null },
  { ttl: "soon" },
  { ttl: -1 },
  { ttl: Number.NaN },
  { ttl: 1 / 0 },
  { ttl: null },
  { sent: "1" },
  { sent: -1 },
  { sent: null },
  { origins: null },
  { origins: 7 },
  { origins: [7] },
  { at: undefined },
  { at: "now" },
  { at: Number.NaN },
  { at: -5 },
  { seq: 1.5 },
  { seq: "3" },
  { seq: -1 },
  { seq: 2 ** 53 },
];

export const a_row_that_cannot_be_read_is_reported_and_nothing_else_is_lost = test(async (lab) => {
  for (const bad of BAD_ROWS) {
    const name = freshName();
    const good = [{ data: "given", number: 2 }, { data: "waits" }];
    const memory = await leaveBehind(name, [good[0], { data: "bad", ...bad }, good[1]], { last: 3 });
    const { client, peer, events } = await finds(lab, name, RESUMED);
    const what = JSON.stringify(bad);
    equal(await peer.received(2), ["given", "waits"], `sent with ${what}`);
    const errors = errorsOf(events);
    hasCode(errors[0], "STORAGE", "1 stored message");
    equal([errors.length, droppedOf(events)], [1, []], `events with ${what}`);
    await messagesWhen(memory, ({ length }) => length === 2);
    client.close();
  }
});

const BAD_SETTLED = [
  { floor: undefined },
  { floor: -1 },
  { floor: "9" },
  { floor: 2 ** 53 },
  { floor: Number.NaN },
  { above: undefined },
  { above: 7 },
  { above: ["1"] },
  { above: [-1] },
  { above: { length: 1 } },
];

export const what_is_done_with_is_not_taken_from_what_cannot_be_read = test(async (lab) => {
  for (const bad of BAD_SETTLED) {
    const name = freshName();
    const memory = await leaveBehind(name, [{ seq: 0, floor: 0, above: [], ...bad }]);
    await inStore("fresh", (store) =>
      store.put({ memory, seq: 1, number: 0, data: "waits", priority: "normal", at: 1 }),
    );
    const { client, peer, events } = await finds(lab, name, RESUMED);
    equal(await peer.received(1), ["waits"], `sent with ${JSON.stringify(bad)}`);
    hasCode(errorsOf(events)[0], "STORAGE", "1 stored message");
    equal(events.length, 1, "events");
    client.close();
  }
});

export const a_fresh_row_that_cannot_be_read_is_reported_and_nothing_else_is_lost = test(async (lab) => {
  for (const bad of BAD_ROWS.filter((row) => !("number" in row))) {
    const name = freshName();
    const memory = await leaveBehind(name, []);
    for (const [at, data] of ["first", "bad", "last"].entries()) {
      const row = { memory, seq: at + 1, number: 0, data, priority: "normal", at: 1, ...(data === "bad" && bad) };
      await inStore("fresh", (store) => store.put(row));
    }
    const { client, peer, events } = await finds(lab, name, RESUMED);
    equal(await peer.received(2), ["first", "last"], `sent with ${JSON.stringify(bad)}`);
    hasCode(errorsOf(events)[0], "STORAGE", "1 stored message");
    equal([events.length, (await storedMessages(memory)).length], [1, 2], "events, and what stays");
    client.close();
  }
});

export const rows_that_cannot_be_read_are_reported_together = test(async (lab) => {
  const name = freshName();
  await leaveBehind(name, [{ data: 1 }, { data: "waits" }, { data: 2 }, { data: 3 }]);
  const { peer, events } = await finds(lab, name, RESUMED);
  equal(await peer.received(1), ["waits"], "sent");
  const errors = errorsOf(events);
  equal(errors.length, 1, "errors");
  hasCode(errors[0], "STORAGE", "3 stored messages");
});

const BAD_RECORDS = [
  { id: 7 },
  { id: "" },
  { id: "with space" },
  { id: "x".repeat(65) },
  { id: undefined },
  { token: 7 },
  { token: undefined },
  { token: "\u0010" },
  { instance: undefined },
  { instance: "short" },
  { own: "short" },
  { own: 7 },
  { births: 7 },
  { instance: "A".repeat(32) },
  { instance: ["a".repeat(32)] },
  { last: undefined },
  { last: -1 },
  { last: "3" },
  { last: 2 ** 53 },
  { claim: undefined },
  { claim: "4" },
  { claim: -1 },
  { claim: 2 ** 53 - 1 },
  { claim: 1.5 },
];

export const a_record_that_cannot_be_read_loses_only_what_may_have_arrived = test(async (lab) => {
  for (const bad of BAD_RECORDS) {
    const name = freshName();
    const memory = await leaveBehind(name, [{ data: "given", number: 1 }, "waits"], { last: 1, ...bad });
    const { client, peer, hello, events } = await finds(lab, name, {});
    const what = JSON.stringify(bad);
    equal([hello.session, hello.token, hello.claim], [undefined, undefined, 1], `who with ${what}`);
    equal(await peer.received(1), ["waits"], `sent with ${what}`);
    equal(droppedOf(events), [["given", "session-lost", "unknown"]], `dropped with ${what}`);
    const errors = errorsOf(events);
    hasCode(errors[0], "STORAGE", "a stored session");
    const rows = await storedMessages(memory);
    equal([errors.length, rows.map(({ data }) => data)], [1, ["waits"]], `errors and rows with ${what}`);
    client.close();
    while ((await storedRows(recordsOf(name))).length) await null;
  }
});

export const nothing_of_a_poisoned_store_stops_a_client = test(async (lab) => {
  const name = freshName();
  const wrong = [undefined, null, -1, 1.5, "x", {}, [], Number.NaN, 1 / 0, new Date(), new Uint8Array(2)];
  for (const [at, value] of wrong.entries()) {
    const memory = at.toString(16).repeat(32);
    const row = { number: value, data: value, priority: value, key: value, ttl: value, at: value };
    await leaveBehind(name, [row, "waits"], {
      memory,
      ...{ id: value, token: value, instance: value, last: value, claim: value, at: value, user: value, parent: value },
    });
  }
  const { peer } = await finds(lab, name, {});
  equal(await peer.received(1), ["waits"], "sent");
});
