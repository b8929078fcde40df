// A durable queue: anything may stand in what pages can write to. What cannot be read is reported and never used, and
// nothing else is lost with it.

import { equal, hasCode } from "../harness/assert.js";
import { durable, freshMemory, freshName, leaveBehind } from "../harness/durable.js";
import { nextPeer } from "../harness/peer.js";
import { inStore, memoriesWhen, messagesWhen, putMemory, putMessage } from "../harness/stored.js";
import { event, record, settled, test } from "../harness/test.js";

const droppedOf = (events) =>
  events.filter(([name]) => name === "dropped").map(([, { data, reason, delivered }]) => [data, reason, delivered]);
const errorsOf = (events) => events.filter(([name]) => name === "error").map(([, error]) => error);

/** A page that finds this: its peer, welcomed, and its events. */
async function finds(lab, name) {
  const client = lab.client(durable(name));
  const events = record(client, ["dropped", "error"]);
  const opened = event(client, "open");
  const peer = await nextPeer(lab);
  await peer.welcome();
  await opened;
  return { client, peer, events };
}

const BAD_ROWS = [
  { data: undefined },
  { data: null },
  { data: 7 },
  { data: { text: "no message" } },
  { data: ["a"] },
  { key: 5 },
  { key: null },
  { ttl: "soon" },
  { ttl: -1 },
  { ttl: Number.NaN },
  { ttl: 1 / 0 },
  { ttl: null },
  { at: undefined },
  { at: "now" },
  { at: Number.NaN },
  { at: -5 },
  { number: 0 },
  { number: -1 },
  { number: 1.5 },
  { number: "1" },
  { number: 2 ** 53 },
  { number: new Date(7) },
  { number: [1] },
  { lane: 3 },
  { lane: -1 },
  { lane: "1" },
  { lane: [1] },
  { gone: "true", data: 7 },
];

export const a_row_that_cannot_be_read_is_reported_and_nothing_else_is_lost = test(async (lab) => {
  for (const bad of BAD_ROWS) {
    const name = freshName();
    const memory = await leaveBehind(name, ["given", { data: "bad", ...bad }, { data: "waits", number: 3 }]);
    const { client, peer, events } = await finds(lab, name);
    await peer.adopt();
    const what = JSON.stringify(bad);
    equal(await peer.received(2), ["given", "waits"], `sent with ${what}`);
    const errors = errorsOf(events);
    hasCode(errors[0], "STORAGE", "1 stored message");
    equal([errors.length, droppedOf(events)], [1, []], `events with ${what}`);
    await messagesWhen(memory, ({ length }) => length === 2);
    client.close();
  }
});

export const rows_that_cannot_be_read_are_reported_together = test(async (lab) => {
  const name = freshName();
  await leaveBehind(name, [{ data: 1 }, "waits", { data: 2 }, { data: 3 }]);
  const { peer, events } = await finds(lab, name);
  await peer.adopt();
  equal(await peer.received(1), ["waits"], "sent");
  const errors = errorsOf(events);
  equal(errors.length, 1, "errors");
  hasCode(errors[0], "STORAGE", "3 stored messages");
});

const BAD_RECORDS = [
  { place: "first" },
  { place: -1 },
  { user: 7 },
  { user: null },
  { birth: 7 },
  { birth: "" },
  { birth: "with space" },
  { ended: "yes" },
];

export const messages_whose_record_cannot_be_read_are_unknown = test(async (lab) => {
  for (const bad of BAD_RECORDS) {
    const name = freshName();
    const memory = await leaveBehind(name, ["given"], bad);
    const { client, peer, events } = await finds(lab, name);
    client.send("next");
    const what = JSON.stringify(bad);
    equal(await peer.received(1), ["next"], `sent with ${what}`);
    while (!events.length) await settled();
    equal(droppedOf(events), [["given", "session-lost", "unknown"]], `dropped with ${what}`);
    await messagesWhen(memory, ({ length }) => length === 0);
    await memoriesWhen(name, (records) => records.every((other) => other.memory !== memory));
    client.close();
  }
});

export const nothing_of_a_poisoned_store_stops_a_client = test(async (lab) => {
  const name = freshName();
  const wrong = [undefined, null, -1, 1.5, "x", {}, [], Number.NaN, 1 / 0, new Date(), new Uint8Array(2)];
  for (const [at, value] of wrong.entries()) {
    const memory = at.toString(16).repeat(32);
    await putMemory({ name, memory, place: value, user: value, birth: value, ended: value });
    await putMessage({ name, memory, number: 1, data: value, key: value, ttl: value, at: value });
  }
  for (const memory of ["", "x", "X".repeat(32), 7, new Date(), [], ["a"]]) {
    await putMemory({ name, memory });
    await inStore("messages", (store) => store.put({ name, memory, lane: 1, number: 1 }));
  }
  const memory = await leaveBehind(name, ["waits"], { memory: freshMemory() });
  const { peer } = await finds(lab, name);
  for (let nth = 1; peer.messages.length < 1; nth++) {
    await peer.control("adopt", nth);
    if ((await peer.adopt(0, nth)) === memory) break;
  }
  equal(await peer.received(1), ["waits"], "sent");
});
