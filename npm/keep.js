// What a durable queue keeps: a row for each message, a mark in its place when it is dropped, a record for each memory.
// What a task sends and drops is asked of the database together, in that task, and noted until it is there. What is done
// with is deleted by transactions of their own: those may be torn by the end of the page.

import { allOf } from "./database.js";
import { LANES } from "./host.js";
import * as Input from "./input.js";
import { nextPlace, note, noteOfTab, remove, removeNotes, strike, trustedNow } from "./notes.js";

export const MEMORIES = "memories";
export const MESSAGES = "messages";
const STORES = [MEMORIES, MESSAGES];
/** When so many in a row are refused, each alone, all will be. */
const REFUSALS = 3;

export class Keep {
  /** Settled when all that was begun until now is done, or has failed. */
  work = Promise.resolve();
  /** Whether what is asked lives in memory until `retry`, and why. */
  failed = false;
  reason;
  /** Nothing is ever stored. */
  isOff = false;
  /** What is kept of each message that the engine has. */
  rows = new Map();
  /** The memories of which pages that are gone have left notes. */
  noted = new Set();
  /** The highest place of a memory that was heard of. */
  highest = 0;

  #host;
  #records = new Map();
  /** The memories whose record is there: until then it goes with every row. */
  #recorded = new Set();
  /** Puts on their way, by key; and those of them that the end of the present task asks for. */
  #puts = new Map();
  #fresh = [];
  /** What is to be deleted, by key. */
  #done = new Map();
  #isDeleting = false;
  #task = null;

  constructor(host) {
    this.name = host.options.queue.persist;
    this.#host = host;
  }

  // What the engine asks.

  put(payload, memory, number) {
    const held = this.#host.payloads.get(payload);
    const { priority = "normal", key, ttl = this.#host.options.queue.ttl } = held.how ?? {};
    const record = this.#recordOf(this.#host.memoryOf(memory));
    if (!this.#recorded.has(record.memory)) this.#begin(record);
    const lane = LANES.indexOf(priority);
    const row = { name: this.name, memory: record.memory, lane, number, data: held.data, key, at: trustedNow() };
    if (ttl < 1 / 0) row.ttl = ttl;
    this.rows.set(payload, row);
    this.#put(row);
  }

  mark(payload) {
    const { name, memory, lane, number } = this.rows.get(payload);
    this.rows.delete(payload);
    const mark = { name, memory, lane, number, gone: true };
    if (this.#puts.get(keyOf(mark))?.isFresh) this.#take(keyOf(mark));
    else this.#put(mark);
  }

  erase(payload) {
    this.remove(this.rows.get(payload));
    this.rows.delete(payload);
  }

  ended(number) {
    const record = this.#recordOf(this.#host.memoryOf(number));
    for (const [key, { row }] of this.#puts) if (row.memory === record.memory) this.#take(key);
    if (record.place !== undefined) this.#put(Object.assign(record, { ended: true }));
  }

  /** Asks once more for all that is not there. */
  async retry() {
    try {
      if (this.isOff) throw this.reason;
      await this.#host.database.transact(STORES, (transaction) => transaction.commit());
    } catch (error) {
      return this.#tell(error);
    }
    this.failed = false;
    this.#ask([...this.#puts.values()].filter(({ isAsked }) => !isAsked));
    await this.work;
    if (!this.failed) this.#host.feed(Input.storage, true);
  }

  // What others ask.

  /** Whose a memory is, and the server's mark of it. */
  claimed(memory, birth, user) {
    const record = this.#recordOf(memory);
    if (record.birth === birth && record.user === user) return;
    Object.assign(record, { birth, user });
    if (record.place !== undefined) this.#put(record);
  }

  /** The record of a memory that was found. */
  found(record) {
    Object.assign(this.#recordOf(record.memory), record);
  }

  placeOf(memory) {
    return this.#records.get(memory)?.place;
  }

  /** Nothing is left of a memory. */
  forgotten(memory) {
    this.#records.delete(memory);
    this.noted.delete(memory);
    removeNotes(this.name, memory);
    noteOfTab(this.name, memory, false);
  }

  /** A row, or all of a memory that has ended, is done with. What nobody was asked to keep leaves nothing. */
  remove(row) {
    const before = this.#take(keyOf(row));
    if (!before || before.isAsked || before.row.gone) this.#done.set(keyOf(row), row);
    this.#watchTask();
  }

  /** What is on its way of each memory, or of one: as it would be noted. */
  pending(of) {
    const found = new Map();
    for (const { row } of this.#puts.values()) {
      const { memory } = row;
      if (of && memory !== of) continue;
      if (!found.has(memory)) found.set(memory, { memory, rows: [], record: this.#records.get(memory) });
      if (row.lane !== undefined) found.get(memory).rows.push(row);
    }
    return [...found.values()];
  }

  /** Asks for what the present task has changed until now. */
  flush() {
    const puts = this.#fresh.splice(0).filter((put) => this.#puts.get(put.key) === put);
    for (const put of puts) put.isFresh = false;
    if (!this.isOff) this.#note(puts);
    this.#ask(puts);
    return this.work;
  }

  /** After a loss of the connection: the database may be another one. */
  lost() {
    this.#recorded = new Set();
  }

  fail(cause) {
    if (!this.failed) this.#tell(cause);
  }

  off(cause) {
    this.isOff = true;
    this.fail(cause);
  }

  #tell(cause) {
    this.failed = true;
    this.reason = cause;
    this.#host.feed(Input.storage, false);
  }

  // The table.

  #recordOf(memory) {
    const record = this.#records.get(memory) ?? { name: this.name, memory };
    this.#records.set(memory, record);
    return record;
  }

  /** A memory has its first row. */
  #begin(record) {
    const { memory } = record;
    if (record.place === undefined && !this.isOff) {
      record.place = this.highest = nextPlace(this.name, this.highest);
      noteOfTab(this.name, memory, true);
    }
    if (!this.#puts.get(record.memory)?.isFresh) this.#put(record);
  }

  #put(row) {
    const key = keyOf(row);
    this.#take(key);
    const put = { key, row, isFresh: true };
    this.#puts.set(key, put);
    this.#fresh.push(put);
    this.#watchTask();
  }

  /** Out of the table, and with the last of its task out of the notes. */
  #take(key) {
    const put = this.#puts.get(key);
    this.#puts.delete(key);
    if (put?.note && !--put.note.left) remove([put.note.name]);
    return put;
  }

  #watchTask() {
    this.#task ??= Promise.resolve().then(() => {
      this.#task = null;
      this.flush();
    });
  }

  #note(puts) {
    for (const memory of new Set(puts.map(({ row }) => row.memory))) {
      const own = puts.filter(({ row }) => row.memory === memory);
      const rows = own.map(({ row }) => row).filter(({ lane }) => lane !== undefined);
      const name = note(this.name, memory, rows, this.#puts.get(memory)?.row);
      const shared = name && { name, left: own.length };
      for (const put of own) put.note = shared;
    }
  }

  // The database.

  #ask(puts) {
    if (this.failed) return;
    if (puts.length) this.work = Promise.all([this.work, this.#write(puts)]);
    this.work = Promise.all([this.work, this.#delete()]);
  }

  async #write(puts) {
    try {
      await this.#store(puts);
    } catch (error) {
      // In a transaction that hangs, each alone would hang as well.
      if (error?.name === "TimeoutError") return this.fail(error);
      await this.#writeEach(puts);
    }
    this.#ask([]);
  }

  async #writeEach(puts) {
    let failure;
    let refusals = 0;
    // Without its record a row is of no use.
    const isRecord = ({ row }) => row.lane === undefined;
    for (const put of [...puts].sort((a, b) => isRecord(b) - isRecord(a))) {
      if (refusals < REFUSALS && this.#puts.get(put.key) === put) {
        await this.#store([put]).then(
          () => {
            refusals = 0;
          },
          (error) => {
            failure = error ?? new DOMException("given up", "AbortError");
            refusals += isRecord(put) ? REFUSALS : 1;
          },
        );
      }
    }
    if (failure) this.fail(failure);
  }

  async #store(puts) {
    const recorded = this.#recorded;
    for (const put of puts) put.isAsked = true;
    try {
      await this.#host.database.transact(STORES, (transaction) => {
        for (const put of puts) {
          const store = transaction.objectStore(put.row.lane === undefined ? MEMORIES : MESSAGES);
          if (this.#puts.get(put.key) === put) store.put(put.row);
        }
        transaction.commit();
      });
    } catch (error) {
      for (const put of puts) put.isAsked = false;
      throw error;
    }
    for (const put of puts) {
      if (put.row.lane === undefined) recorded.add(put.row.memory);
      if (this.#puts.get(put.key) !== put) continue;
      this.#take(put.key);
      if (put.row.gone || put.row.ended) this.#done.set(put.key, put.row);
    }
  }

  /** One transaction after the other: what comes meanwhile is for the next. */
  async #delete() {
    while (this.#done.size && !this.#isDeleting && !this.failed) {
      const done = this.#done;
      const rows = [...done.values()];
      const ended = rows.filter((row) => row.ended);
      this.#done = new Map();
      this.#isDeleting = true;
      // Where a mark is gone, a note would bring back what it is of.
      for (const memory of this.noted) strike(this.name, memory, (row) => done.has(keyOf({ ...row, memory })));
      try {
        await this.#host.database.transact(STORES, (transaction) => {
          const [memories, messages] = STORES.map((name) => transaction.objectStore(name));
          for (const range of rangesOf(rows.filter(({ ended }) => !ended))) messages.delete(range);
          for (const { name, memory } of ended) {
            messages.delete(allOf(name, memory));
            memories.delete([name, memory]);
          }
          transaction.commit();
        });
        for (const { memory } of ended) this.forgotten(memory);
      } catch (error) {
        for (const [key, row] of done) this.#done.set(key, row);
        this.fail(error);
      }
      this.#isDeleting = false;
    }
  }
}

/** That of a record is the memory's name. */
const keyOf = ({ memory, lane, number }) => (lane === undefined ? memory : `${memory} ${lane} ${number}`);

/** What has the next number each is one range. */
function rangesOf(rows) {
  const ranges = [];
  for (const row of rows) {
    const [, last] = ranges.at(-1) ?? [];
    if (row.number === last?.number + 1 && row.lane === last.lane && row.memory === last.memory) ranges.at(-1)[1] = row;
    else ranges.push([row, row]);
  }
  const placeOf = ({ name, memory, lane, number }) => [name, memory, lane, number];
  return ranges.map((ends) => IDBKeyRange.bound(...ends.map(placeOf)));
}
