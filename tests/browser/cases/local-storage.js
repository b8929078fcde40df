// What the database does not have because a browser dropped it is found in localStorage.

import { equal } from "../harness/assert.js";
import {
  comeBack,
  durable,
  followIn,
  freshMemory,
  freshName,
  inDurableSession,
  leaveBehind,
  putAway,
} from "../harness/durable.js";
import { freshUrl, nextPeer, RESUMED } from "../harness/peer.js";
import { application, nextPage, saveOf, storeAs, stored, told } from "../harness/state.js";
import { copiesOf, copiesWhen, memoriesWhen, messagesWhen, storedMessages } from "../harness/stored.js";
import { record, settled, test } from "../harness/test.js";

const notesOf = (name, memory = "") =>
  Object.keys(localStorage).filter((key) => key.startsWith(`steadfast:note:${JSON.stringify(name)}:${memory}`));

/** What a page leaves that has sent or dropped this before its database was open. */
function note(name, memory, rows, record = { place: 5 }) {
  const whole = rows.map((row, at) => ({ lane: 1, number: at + 1, at: Date.now(), ...row }));
  localStorage[`steadfast:note:${JSON.stringify(name)}:${memory}:x${Math.random()}`] = JSON.stringify({
    record,
    rows: whole,
  });
}

export const what_is_on_its_way_into_the_database_is_found_in_local_storage = test(async (lab) => {
  const name = freshName();
  const { client, memory } = await inDurableSession(lab, name);
  const { put } = IDBObjectStore.prototype;
  const undo = lab.replace(IDBObjectStore.prototype, "put", function (row) {
    return this.name === "messages" || this.name === "memories" ? this.count() : put.call(this, row);
  });
  const undoToo = lab.replace(Storage.prototype, "removeItem", () => {});
  for (const message of ["a\ud800", Uint8Array.from([0, 200, 255]), "b"]) client.send(message);
  await null;
  equal(notesOf(name).length, 1, "notes of a task");
  putAway();
  while ((await storedMessages(memory)).length > 0);
  undo();
  comeBack();
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  undoToo();
  await next.adopt();
  const [first, second, third] = await next.received(3);
  equal([first, [...new Uint8Array(second.buffer ?? second)], third], ["a\ud800", [0, 200, 255], "b"], "sent");
  next.storedOf(memory, 3);
  await client.flush();
  await next.control("done");
  equal(notesOf(name), [], "what is left of the notes");
});

export const a_note_goes_when_the_database_has_what_it_tells = test(async (lab) => {
  const name = freshName();
  const { client, memory } = await inDurableSession(lab, name);
  client.send("a");
  await null;
  equal(notesOf(name, memory).length, 1, "notes when the task is over");
  await messagesWhen(memory, ({ length }) => length === 1);
  while (notesOf(name).length) await settled();
});

export const what_was_sent_before_the_database_was_open_is_found = test(async (lab) => {
  const name = freshName();
  const memory = freshMemory();
  note(name, memory, [{ data: "early" }]);
  const client = lab.client(durable(name));
  const peer = await nextPeer(lab);
  await peer.welcome();
  await peer.adopt();
  equal(await peer.received(1), ["early"], "sent");
  peer.storedOf(memory, 1);
  await client.flush();
  await peer.control("done");
  equal(notesOf(name), [], "what is left of the notes");
});

export const what_was_dropped_in_the_last_moment_is_not_sent = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["stays", "dropped", "stays too"]);
  note(name, memory, [{ number: 2, gone: true }], undefined);
  lab.client(durable(name));
  const peer = await nextPeer(lab);
  await peer.welcome();
  await peer.adopt();
  equal(await peer.received(2), ["stays", "stays too"], "sent");
  await messagesWhen(memory, (rows) => rows.every(({ number }) => number !== 2));
});

export const a_memory_that_was_ended_in_the_last_moment_sends_nothing = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["a", "b"]);
  note(name, memory, [], { place: 1, ended: true });
  const client = lab.client(durable(name));
  const events = record(client, ["dropped", "error"]);
  const peer = await nextPeer(lab);
  await peer.welcome();
  await memoriesWhen(name, ({ length }) => length === 0);
  equal([await storedMessages(memory), peer.messages, events], [[], [], []], "left, sent and told");
  while (notesOf(name).length) await settled();
});

export const what_is_noted_and_what_is_stored_come_in_the_order_in_which_they_were_sent = test(async (lab) => {
  const name = freshName();
  const memory = await leaveBehind(name, ["first", { data: "third", number: 3 }]);
  note(name, memory, [{ data: "first" }, { data: "second" }]);
  followIn(name, memory);
  lab.client(durable(name));
  const peer = await nextPeer(lab);
  await peer.welcome();
  await peer.adopt();
  equal(await peer.received(3), ["first", "second", "third"], "sent");
});

export const a_note_that_cannot_be_read_costs_nothing_else = test(async (lab) => {
  const bad = ["", "{", "7", "null", '{"rows":7}', '{"rows":[7]}', '{"rows":[null]}', '{"rows":[{}]}'];
  bad.push('{"rows":[{"isBinary":true,"data":7}]}', '{"rows":[{"lane":"1","number":1,"data":"x"}]}');
  bad.push('{"rows":[],"record":7}', '{"rows":[],"record":{"place":"x","birth":7,"name":"other"}}');
  for (const text of bad) {
    const name = freshName();
    const memory = await leaveBehind(name, ["waits"]);
    localStorage[`steadfast:note:${JSON.stringify(name)}:${memory}:x`] = text;
    localStorage[`steadfast:note:${JSON.stringify(name)}:no memory`] = text;
    const client = lab.client(durable(name));
    const peer = await nextPeer(lab);
    await peer.welcome();
    await peer.adopt();
    equal(await peer.received(1), ["waits"], `sent with ${text}`);
    client.close();
  }
});

/** Puts the page away in a browser that drops what it asks of the database then. */
function putAwayWithoutDatabase(lab) {
  const { put } = IDBObjectStore.prototype;
  const undo = lab.replace(IDBObjectStore.prototype, "put", function (row) {
    return this.name === "snapshots" ? this.count() : put.call(this, row);
  });
  putAway();
  undo();
}

const noteOf = (url) => Object.keys(localStorage).find((key) => key.startsWith(`steadfast:copy:${url}:`));

export const a_copy_that_the_database_has_not_is_found_in_local_storage = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  await stored(lab, url, app);
  app.state = { n: 2 };
  putAwayWithoutDatabase(lab);
  equal(await copiesOf(url), [], "copies in the database");
  const page = application(null);
  const next = await nextPage(lab, url, page);
  await next.peer.welcome({ ...RESUMED, ...told({ n: 1 }, { version: 3, follows: false }) });
  equal(page.restored[0][0], { n: 2 }, "restored");
  const saved = next.client.snapshot();
  storeAs(next.peer, await saveOf(next.peer), 4);
  await saved;
  equal(noteOf(url), undefined, "what is left of it");
});

export const a_copy_in_local_storage_that_cannot_be_read_is_told_and_the_other_is_taken = test(async (lab) => {
  for (const bad of ["", "{", "7", '{"text":7}', "null "]) {
    const url = freshUrl();
    const app = application({ n: 1 });
    await stored(lab, url, app);
    app.state = { n: 2 };
    putAway();
    await copiesWhen(url, ({ length }) => length > 0);
    localStorage[noteOf(url)] = bad;
    const page = application(null);
    const next = await nextPage(lab, url, page);
    await next.peer.welcome({ ...RESUMED, ...told({ n: 1 }, { version: 3, follows: false }) });
    equal(page.restored[0][0], { n: 2 }, `restored with ${bad}`);
    const errors = next.events.filter(([name]) => name === "error");
    equal(errors.length, 1, `errors with ${bad}`);
    next.client.close();
  }
});
