// What of a durable queue is stored: the records of memories and the rows of messages, and what the next transactions
// change of them.
//
// A message is a fresh row in the task that sends it, and a stored one as soon as it has a number: connection.js says why
// the two stand in different databases. What one of them has and the other has not is decided when they are read.

import { allOf } from "./database.js";
import { findNotes, findRecords, isNoted, isOf, note } from "./journal.js";
import { remove as removeNotes } from "./notes.js";
import { isSeq, Places } from "./places.js";

/** What waits for the disk, and what never waits. */
const NUMBERED = ["sessions", "messages"];
const SENT = ["stashes", "fresh"];

/**
 * The last one that was given to a row, in whatever memory: it says the order of what clients of this page have sent.
 * From the clock on: another page may have given numbers in this memory, and removed its rows.
 */
let lastSeq = 0;

/** The changes that one client makes. Each is kept until `flush`. */
export class Rows {
  #database;
  /** Where the rows of each memory stand. */
  #places = new Map();

  // What is to be written.
  #rows = new Map();
  #records = new Map();
  #stashes = new Map();
  /** The memories of which a row is done with. */
  #settled = new Set();
  #changed = [this.#rows, this.#records, this.#stashes, this.#settled];
  /** What was sent in this task, and where what is on its way into the database is noted as well. */
  #sent = [];
  #notes = [];
  /** The rows that could not be written, since the page was put away. */
  #lost = new Set();
  /** What is to be asked of each database, in this order: a store, its method, and what it is called with. */
  #stored = [];
  #fresh = [];

  constructor(database) {
    this.#database = database;
    lastSeq = Math.max(lastSeq, Date.now() * 1_000);
  }

  get isClean() {
    return this.#changed.every(({ size }) => !size) && !this.#stored.length && !this.#fresh.length;
  }

  /** For the next row, in whatever memory. */
  nextSeq() {
    return ++lastSeq;
  }

  put(row) {
    this.#rows.set(nameOf(row), row);
  }

  /** As `put`, for a message that was sent in this task. */
  send(row) {
    this.put(row);
    this.#sent.push(row);
  }

  /** Gives a row to another memory, behind those that are there. */
  move(row, memory) {
    const origin = nameOf(row);
    const { isStored } = this.remove(row);
    if (!isStored) {
      row.origins = [...(row.origins ?? []), origin];
      // In the transaction that stores it elsewhere.
      this.#fresh.push(["fresh", "put", doneRow(origin)]);
    }
    row.sent ??= row.seq;
    Object.assign(row, { memory, seq: this.nextSeq() });
    // In the same transaction as it was removed.
    if (isStored) this.#placesOf(memory).stored.set(row.seq);
    this.put(row);
  }

  /** Whether a row may be in no database, although it was to be. Asked once. */
  isLost(row) {
    return this.#lost.delete(nameOf(row));
  }

  remove(row) {
    const { memory, seq } = row;
    const places = this.#placesOf(memory);
    const isStored = places.stored.delete(seq);
    this.#rows.delete(nameOf(row));
    if (places.fresh.delete(seq)) this.#fresh.push(["fresh", "delete", [memory, seq]]);
    if (isStored) {
      this.#stored.push(["messages", "delete", [memory, seq]]);
      places.settle(seq);
      this.#settled.add(memory);
    }
    return { isStored };
  }

  putRecord(record) {
    this.#records.set(record.memory, record);
  }

  /** The record of a memory whose rows are all fresh. */
  putStash(record) {
    this.#stashes.set(record.memory, record);
  }

  removeStashRecord({ name, memory }) {
    this.#stashes.delete(memory);
    this.#fresh.push(["stashes", "delete", [name, memory]]);
  }

  /** Removes the record of a memory whose rows are all fresh, and every row. */
  removeStash(record) {
    const { memory } = record;
    this.#forget(memory);
    this.removeStashRecord(record);
    this.#fresh.push(["fresh", "delete", allOf(memory)]);
  }

  /** A memory is done with: nothing of it may come back. */
  end(record) {
    this.removeMemory(record);
    this.#stored.push(["messages", "put", doneRow(record.memory, lastSeq)]);
  }

  /** Removes a record, and every row of its memory. */
  removeMemory(record) {
    const { name, memory } = record;
    this.removeStash(record);
    this.#records.delete(memory);
    this.#stored.push(["sessions", "delete", [name, memory]], ["messages", "delete", allOf(memory)]);
  }

  /** Somebody else may change this memory. */
  leave(memory) {
    this.#forget(memory);
    this.#notes = this.#notes.filter((name) => !isOf(memory, name));
  }

  /**
   * What is to be written is not. Returns a function that removes this stash, and those of these rows that have not the
   * number on the disk that their messages have: deleting works where there is no room.
   */
  giveUp(rows, stash) {
    for (const changed of this.#changed) changed.clear();
    for (const asked of [this.#fresh, this.#stored]) asked.length = 0;
    for (const row of rows) {
      const { memory, seq, number } = row;
      if (!number || this.#placesOf(memory).stored.get(seq) !== number) this.remove(row);
    }
    if (stash) this.removeStash(stash);
    this.#settled.clear();
    const [fresh, stored] = [this.#fresh.splice(0), this.#stored.splice(0)];
    return () => {
      // Nothing follows that could wait for it, and what it removes must not come back when it has been sent.
      removeNotes(this.#notes.splice(0));
      return Promise.all([
        this.#database.transact(SENT, "strict", act(fresh)),
        this.#database.transact(NUMBERED, "strict", act(stored)),
      ]);
    };
  }

  /**
   * Makes all changes, in transactions that begin in this task if the databases are open: first what was sent in it.
   * Resolves when all are done.
   */
  async flush(durability) {
    const notes = this.#notes.splice(0);
    const sent = this.#sent.splice(0).filter((row) => this.#rows.has(nameOf(row)));
    if (!this.#database.failed) notes.push(...note(sent, this.#stashes.get(sent[0]?.memory)));
    const records = [...this.#stashes.values()].map((record) => ["stashes", "put", record]);
    const added = sent.map((row) => this.#add(row));
    const written = [...this.#rows.values()].map((row) => this.#write(row));
    for (const record of this.#records.values()) this.#stored.push(["sessions", "put", record]);
    for (const memory of this.#settled) this.#stored.push(["messages", "put", this.#placesOf(memory).settled(memory)]);
    for (const changed of this.#changed) changed.clear();
    const [isSent, isMoved, isNumbered] = await Promise.all([
      this.#ask(SENT, "relaxed", [...records, ...added], true),
      this.#ask(SENT, "relaxed", this.#fresh.splice(0)),
      this.#ask(NUMBERED, durability, this.#stored.splice(0)),
    ]);
    const { failed } = this.#database;
    if (isSent !== undefined && isMoved !== undefined) removeNotes(notes);
    else if (failed) this.#notes.push(...notes);
    for (const { places, row, number } of written) {
      const isFresh = sent.includes(row) ? isSent : isMoved;
      if (isFresh === undefined && !failed && places.fresh.delete(row.seq)) this.#lost.add(nameOf(row));
      if (isNumbered && places.stored.has(row.seq)) places.stored.set(row.seq, number);
    }
  }

  /**
   * One transaction; in memory everything is as good as stored. `commits`: it is safe when this task is over, but if the
   * page goes away meanwhile, WebKit deletes what it is to delete and puts nothing. Others come to pass as a whole, or
   * not at all, and take a little longer.
   */
  #ask(stores, durability, asked, commits) {
    if (this.#database.failed || asked.length === 0) return 0;
    return this.#database.transact(stores, durability, act(asked, commits));
  }

  /** The rows of a memory, and all records of a name; undefined when nothing can be read. */
  async read({ name, memory }) {
    // A row that is in the first only may be in the second only a moment later.
    const fresh = await this.#all(SENT, name, memory);
    const stored = await this.#all(NUMBERED, name, memory);
    if (!fresh || !stored) return;
    const places = this.#placesOf(memory);
    const [noted, names] = findNotes(memory);
    const done = new Map([...fresh[2], ...stored[2]].map(({ seq, floor }) => [seq, floor]));
    this.#fresh.push(...fresh[2].filter(isExpired).map(({ seq }) => ["fresh", "delete", [DONE, seq]]));
    this.#stored.push(...stored[2].filter(isExpired).map(({ seq }) => ["messages", "delete", [DONE, seq]]));
    const floor = done.get(memory);
    const ended = isSeq(floor) ? floor : 0;
    const isDone = (row) => (ended > 0 && row.seq <= ended) || done.has(nameOf(row));
    const [rows, back] = places.find(fresh[1], stored[1], noted, isDone);
    const unwritten = rows.filter((row) => noted.includes(row));
    for (const row of unwritten) this.put(row);
    if (unwritten.length) this.#notes.push(...names);
    else removeNotes(names);
    for (const { seq } of back) {
      places.fresh.delete(seq);
      this.#fresh.push(["fresh", "delete", [memory, seq]]);
    }
    lastSeq = Math.max(lastSeq, ended, places.last);
    return [rows, unite(stored[0], fresh[0], name)];
  }

  /** All records of a name; undefined when nothing can be read. */
  async readRecords(name) {
    const [fresh] = (await this.#all(SENT, name)) ?? [];
    const [stored] = (await this.#all(NUMBERED, name)) ?? [];
    return fresh && stored && unite(stored, fresh, name);
  }

  async #all([records, messages], name, memory) {
    const read = await this.#database.transact([records, messages], "relaxed", (transaction) => {
      const all = (store, first) => transaction.objectStore(store).getAll(allOf(first));
      const requests = [all(records, name), all(messages, memory ?? ""), all(messages, DONE)];
      transaction.commit();
      return requests;
    });
    return read?.map(({ result }) => result);
  }

  /** First of all where it never waits, and where it is safe as soon as it has a number. */
  #write(row) {
    const { memory, seq, number } = row;
    const places = this.#placesOf(memory);
    const { fresh, stored } = places;
    if (!fresh.has(seq) && !stored.has(seq)) this.#fresh.push(this.#add(row));
    if (number || stored.has(seq)) {
      if (!stored.has(seq))
        for (const origin of row.origins ?? []) this.#stored.push(["messages", "put", doneRow(origin)]);
      stored.set(seq);
      this.#stored.push(["messages", "put", row]);
    }
    return { places, row, number };
  }

  #add(row) {
    this.#placesOf(row.memory).fresh.add(row.seq);
    return ["fresh", "put", { ...row, number: 0 }];
  }

  #forget(memory) {
    this.#places.delete(memory);
    this.#settled.delete(memory);
    for (const [name, row] of this.#rows) if (row.memory === memory) this.#rows.delete(name);
  }

  #placesOf(memory) {
    const places = this.#places.get(memory) ?? new Places();
    this.#places.set(memory, places);
    return places;
  }
}

/** Asks for all of it, in this order. */
const act = (asked, commits) => (transaction) => {
  for (const [store, method, what] of asked) transaction.objectStore(store)[method](what);
  // One alone is always whole.
  if (commits || asked.length === 1) transaction.commit();
  return true;
};

/** Records, each memory's once: that of a session, if there is one; else the fresh one, which knows the user. */
function unite(stored, fresh, name) {
  const records = new Map();
  const ofSessions = stored.filter(({ id }) => id);
  for (const record of [...findRecords(name), ...stored, ...fresh, ...ofSessions]) records.set(record.memory, record);
  return [...records.values()];
}

/** Names a row. */
export const nameOf = ({ memory, seq }) => `${memory}/${seq}`;

/** In the place of a memory: what is done with elsewhere. No memory is called so. */
const DONE = "done";
/** Longer than anything is on its way to a disk. */
const DONE_MS = 86_400_000;

/** A row of this name is done with where it was, or all of a memory up to `floor`: whatever brings them back. */
const doneRow = (name, floor) => ({ memory: DONE, seq: name, floor, at: Date.now() });

/** Whether nothing can bring it back any more. */
const isExpired = ({ seq, at }) => at < Date.now() - DONE_MS && !isNoted(`${seq}`.split("/")[0]);
