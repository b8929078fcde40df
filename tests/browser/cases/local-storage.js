// What the databases do not have because a browser dropped it is found in localStorage.

import { equal, hasCode } from "../harness/assert.js";
import {
  comeBack,
  durable,
  freshMemory,
  freshName,
  inDurableSession,
  leaveBehind,
  putAway,
  recordsOf,
} from "../harness/durable.js";
import { freshUrl, nextPeer, RESUMED } from "../harness/peer.js";
import { application, nextPage, saveOf, storeAs, stored, told } from "../harness/state.js";
import { copiesOf, copiesWhen, inStore, messagesWhen, storedMessages } from "../harness/stored.js";
import { record, test } from "../harness/test.js";

const notesOf = (memory) => Object.keys(localStorage).filter((name) => name.startsWith(`steadfast:sent:${memory}:`));

/** A message that no database has when the page is gone. */
async function lostOnTheWay(lab, messages) {
  const { client, memory } = await inDurableSession(lab, freshName());
  const { put } = IDBObjectStore.prototype;
  const undo = lab.replace(IDBObjectStore.prototype, "put", function (row) {
    return this.name === "fresh" || this.name === "messages" ? this.count() : put.call(this, row);
  });
  const undoToo = lab.replace(Storage.prototype, "removeItem", () => {});
  for (const message of messages) client.send(message);
  await null;
  putAway();
  while ((await storedMessages(memory)).length > 0);
  undo();
  undoToo();
  equal(notesOf(memory).length, 1, "notes");
  return { client, memory };
}

export const what_is_on_its_way_into_the_database_is_found_in_local_storage = test(async (lab) => {
  const { client, memory } = await lostOnTheWay(lab, ["a\ud800", Uint8Array.from([0, 200, 255]), "b"]);
  comeBack();
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  const [first, second, third] = await next.received(3);
  equal([first, [...new Uint8Array(second.buffer ?? second)], third], ["a\ud800", [0, 200, 255], "b"], "sent");
  next.stored(3);
  await client.flush();
  await messagesWhen(memory, ({ length }) => length === 0);
  equal(notesOf(memory), [], "what is left of the notes");
});

/** What a page leaves that has sent this before its database was open, and had found out whose session it had. */
function noteEarly(name, text, parent) {
  const memory = freshMemory();
  const record = { name: recordsOf(name), memory, instance: memory, claim: 0, last: 0, at: Date.now(), parent };
  noteRow(memory, text, Date.now() * 1_000, record);
  return memory;
}

function noteRow(memory, text, seq, record) {
  const row = { memory, seq, number: 0, data: text, priority: "normal", at: Date.now() };
  localStorage[`steadfast:sent:${memory}:${seq}`] = JSON.stringify({ record, rows: [row] });
}

export const what_was_sent_before_the_database_was_open_is_found = test(async (lab) => {
  const name = freshName();
  const memory = noteEarly(name, "early");
  const client = lab.client(durable(name));
  const peer = await nextPeer(lab);
  await peer.welcome();
  equal(await peer.received(1), ["early"], "sent");
  peer.stored(1);
  await client.flush();
  await messagesWhen(memory, ({ length }) => length === 0);
  equal(notesOf(memory), [], "what is left of the notes");
});

export const a_living_tab_delivers_what_was_sent_before_the_database_was_open = test(async (lab) => {
  const name = freshName();
  const living = await inDurableSession(lab, name);
  const memory = noteEarly(name, "early");
  const channel = new BroadcastChannel(`steadfast:${recordsOf(name)}:`);
  channel.postMessage(memory);
  const peer = await nextPeer(lab);
  await peer.welcome({ session: "s-2", token: "u-1" });
  equal(await peer.received(1), ["early"], "sent");
  peer.stored(1);
  await peer.control("end");
  channel.close();
  equal(living.client.session.id, "s-1", "the living one's session");
});

export const a_note_that_outlives_what_it_tells_sends_nothing_twice = test(async (lab) => {
  const name = freshName();
  const session = await leaveBehind(name, []);
  const memory = noteEarly(name, "early", session);
  const notes = notesOf(memory).map((key) => [key, localStorage[key]]);
  const client = lab.client(durable(name));
  await nextPeer(lab);
  await messagesWhen(session, ({ length }) => length === 1);
  putAway();
  for (const [key, value] of notes) localStorage[key] = value;
  comeBack();
  const peer = await nextPeer(lab);
  await peer.welcome(RESUMED);
  client.send("late");
  equal(await peer.received(2), ["early", "late"], "sent");
  equal(notesOf(memory), [], "what is left of the notes");
});

export const a_living_tab_delivers_nothing_that_was_moved_from_where_a_note_tells_of_it = test(async (lab) => {
  const name = freshName();
  const session = await leaveBehind(name, []);
  const memory = noteEarly(name, "early", session);
  const notes = notesOf(memory).map((key) => [key, localStorage[key]]);
  lab.client(durable(name));
  const peer = await nextPeer(lab);
  await messagesWhen(session, ({ length }) => length === 1);
  for (const [key, value] of notes) localStorage[key] = value;
  const channel = new BroadcastChannel(`steadfast:${recordsOf(name)}:`);
  channel.postMessage(memory);
  // It has looked when it has removed them.
  await messagesWhen(memory, () => notesOf(memory).length === 0);
  channel.close();
  await peer.welcome(RESUMED);
  equal(await peer.received(1), ["early"], "sent");
  equal((await storedMessages(memory)).length, 0, "rows where it was");
});

export const what_is_done_with_is_forgotten_after_a_day_unless_a_note_tells_of_it = test(async (lab) => {
  const [forgotten, noted] = [freshMemory(), freshMemory()];
  const stores = ["fresh", "messages"];
  const at = Date.now() - 2 * 86_400_000;
  for (const memory of [forgotten, noted]) {
    for (const name of stores) await inStore(name, (store) => store.put({ memory: "done", seq: `${memory}/1`, at }));
  }
  noteRow(noted, "done with", 1);
  lab.client(durable(freshName()));
  await nextPeer(lab);
  const marks = async (memory) => {
    const found = stores.map((name) => inStore(name, (store) => store.getAll(["done", `${memory}/1`])));
    return (await Promise.all(found)).flat().length;
  };
  while ((await marks(forgotten)) > 0);
  equal(await marks(noted), 2, "marks of what is noted");
  for (const key of notesOf(noted)) localStorage.removeItem(key);
});

export const what_is_noted_and_what_is_stored_come_in_the_order_in_which_they_were_sent = test(async (lab) => {
  const name = freshName();
  const session = await leaveBehind(name, []);
  noteEarly(name, "first", session);
  noteRow(session, "second", Date.now() * 1_000 + 500);
  lab.client(durable(name));
  const peer = await nextPeer(lab);
  await peer.welcome(RESUMED);
  equal(await peer.received(2), ["first", "second"], "sent");
});

export const a_noted_record_that_cannot_be_read_costs_nothing_else = test(async (lab) => {
  for (const bad of [7, null, "x", { claim: -1 }, { last: "1" }, { instance: 7 }, { at: "now" }, { memory: "other" }]) {
    const name = freshName();
    await leaveBehind(name, ["waits"]);
    const memory = noteEarly(name, "early");
    const [key] = notesOf(memory);
    const { record, rows } = JSON.parse(localStorage[key]);
    localStorage[key] = JSON.stringify({ record: typeof bad === "object" ? bad && { ...record, ...bad } : bad, rows });
    const client = lab.client(durable(name));
    const peer = await nextPeer(lab);
    await peer.welcome(RESUMED);
    equal(await peer.received(1), ["waits"], `sent with ${JSON.stringify(bad)}`);
    client.close();
  }
});

export const a_note_that_cannot_be_read_is_reported_and_nothing_else_is_lost = test(async (lab) => {
  for (const bad of [
    "",
    "{",
    "7",
    '{"rows":7}',
    '{"rows":[7]}',
    '{"rows":[null]}',
    '{"rows":[{}]}',
    '{"rows":[{"isBinary":true,"data":7}]}',
    '{"rows":[{"seq":"1","data":"x"}]}',
  ]) {
    const name = freshName();
    const memory = await leaveBehind(name, ["waits"]);
    localStorage[`steadfast:sent:${memory}:1`] = bad;
    const client = lab.client(durable(name));
    const events = record(client, ["error", "dropped"]);
    const peer = await nextPeer(lab);
    await peer.welcome(RESUMED);
    equal(await peer.received(1), ["waits"], `sent with ${bad}`);
    hasCode(events[0][1], "STORAGE", "1 stored message");
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
    equal(errors.length, bad === "null " ? 0 : 1, `errors with ${bad}`);
    next.client.close();
  }
});
