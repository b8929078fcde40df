// What pages have left of a durable queue: which memories there are, and their messages, read where the lock is held. A
// row stands in the database, in a note, or is still on its way there; a mark in any of them says that it is gone.

import { MEMORY_FOUND, ORPHANS } from "./boundary.js";
import { decode } from "./codec.js";
import { allOf, following } from "./database.js";
import { absentOr, COUNT, FLAG, has, isWord, LANE, NUMBER, TEXT } from "./frames.js";
import { formOf } from "./host.js";
import * as Input from "./input.js";
import { MEMORIES, MESSAGES } from "./keep.js";
import { findNotes, isMemory, isOfTab, removeNotes, trustedNow } from "./notes.js";
import { isData, sizeOf } from "./payload.js";
import { Held } from "./payloads.js";
import * as Query from "./query.js";

/** So many rows are restored in one task. */
const BATCH = 500;
/** The place of a memory of which it is not known. */
const UNKNOWN = 2 ** 63;

export class Reader {
  #host;
  #keep;
  /** What could not be forgotten, while storage fails. */
  #waiting = [];

  constructor(host) {
    this.#host = host;
    this.#keep = host.keep;
  }

  // What the engine asks.

  async recall() {
    const { name } = this.#keep;
    const places = new Map();
    const isCurrent = this.#isCurrent(ORPHANS);
    await this.#ask((memories, messages) => {
      messages.openKeyCursor(allOf(name)).onsuccess = ({ target: { result } }) => {
        if (!result) return;
        const [, memory] = result.key;
        if (!places.has(memory)) places.set(memory);
        result.continue(isMemory(memory) ? following(name, memory) : undefined);
      };
      memories.getAll(allOf(name)).onsuccess = ({ target }) => {
        for (const { memory, place } of target.result) places.set(memory, place);
      };
    });
    for (const { memory, record } of this.#elsewhere()) places.set(memory, places.get(memory) ?? record?.place);
    if (!isCurrent()) return;
    for (const [memory, place] of places) this.found(memory, place, isOfTab(name, memory));
    this.#host.feed(Input.recalled);
  }

  async read(number) {
    const host = this.#host;
    const memory = host.memoryOf(number);
    const lock = host.locks.of(number) ?? {};
    const { after } = lock;
    const isCurrent = this.#isCurrent(number);
    const stored = await this.#readStored(memory, after);
    if (!isCurrent()) return;
    const [known, rows] = stored ?? [undefined, []];
    const more = rows.length === BATCH;
    if (more) lock.after = rows.at(-1);
    const elsewhere = this.#elsewhere(memory);
    const records = [known, ...elsewhere.map(({ record }) => record)].filter(isRecord);
    const record = Object.assign({}, ...records, { name: this.#keep.name, memory });
    const { ended, user, birth } = record;
    if (records.length) this.#keep.found(record);
    if (birth) host.births[memory] = birth;
    if (ended) this.#keep.remove(record);
    const others = elsewhere.flatMap((found) => found.rows).filter((row) => isRow(row) && isBehind(row, after));
    const count = ended ? 0 : this.#restore(number, rows, more ? others.filter((row) => !isBehind(row, lock.after)) : others); // biome-ignore format: x
    const isLost = stored && !records.length && count;
    host.feed(Input.read, number, user === undefined ? 0 : host.userOf(user), !!isLost, more && !ended);
  }

  async forget(number) {
    const { name, isOff } = this.#keep;
    const memory = this.#host.memoryOf(number);
    const isCurrent = this.#isCurrent(number);
    await this.#keep.flush();
    if (!this.#keep.failed) removeNotes(name, memory);
    let isEmpty = !(isOff && this.#keep.pending(memory).length);
    const isDone = await this.#ask((memories, messages) => {
      messages.openCursor(allOf(name, memory)).onsuccess = ({ target: { result } }) => {
        isEmpty = !result || result.value.gone === true;
        if (!result) return memories.delete([name, memory]);
        if (!isEmpty) return;
        result.delete();
        result.continue();
      };
      return true;
    }, "strict");
    if (!isDone && !isOff) return this.#waiting.push(number);
    if (!isCurrent()) return;
    const lock = this.#host.locks.of(number);
    if (lock) lock.after = undefined;
    if (isEmpty) this.#keep.forgotten(memory);
    this.#host.feed(Input.forgotten, number, isEmpty);
  }

  // What others ask.

  /** There is a memory. `isOurs`: the page that begins here is to deliver it first. */
  found(memory, place, isOurs) {
    const host = this.#host;
    if (!isMemory(memory)) return;
    const number = host.memories.get(memory) ?? host.know(MEMORY_FOUND + host.memories.size, memory);
    if (number === host.query(Query.memory)) return;
    if (COUNT(place)) this.#keep.highest = Math.max(this.#keep.highest, place);
    const follows = isOurs || number < MEMORY_FOUND;
    host.feed(Input.found, number, COUNT(place) ? place : UNKNOWN, follows);
  }

  /** Storage works again. */
  again() {
    for (const number of this.#waiting.splice(0)) this.forget(number);
  }

  // Reading.

  /** What is answered later than a lock was let go of is of no use. */
  #isCurrent(number) {
    const { locks } = this.#host;
    const lock = locks.of(number);
    return () => lock === locks.of(number);
  }

  /** A transaction; what it resolves with is undefined when storage is of no use. */
  async #ask(act, durability) {
    const { isOff } = this.#keep;
    const stores = [MEMORIES, MESSAGES];
    const all = (transaction) => act(...stores.map((store) => transaction.objectStore(store)));
    if (isOff) return;
    // WebKit names no error when a page goes into its cache.
    return this.#host.database.transact(stores, all, durability).catch((error) => error && this.#keep.fail(error));
  }

  /** What is noted, unless nothing is stored, or is on its way. */
  #elsewhere(memory) {
    const { name, isOff } = this.#keep;
    const notes = isOff ? [] : findNotes(name, memory);
    if (memory && notes.length) this.#keep.noted.add(memory);
    return [...notes, ...this.#keep.pending(memory)];
  }

  /** The record of a memory, and its next rows. */
  async #readStored(memory, after) {
    const { name } = this.#keep;
    const range = allOf(name, memory);
    const rest = after && IDBKeyRange.bound([name, memory, after.lane, after.number], range.upper, true, true);
    const requests = await this.#ask((memories, messages) => [
      memories.get([name, memory]),
      messages.getAll(rest ?? range, BATCH),
    ]);
    return requests?.map(({ result }) => result);
  }

  /** Gives the engine what is there of these rows of the database, and of these others. How many messages that are. */
  #restore(number, rows, others) {
    const host = this.#host;
    const found = new Map();
    for (const row of [...rows.filter(isRow), ...others]) {
      const key = `${row.lane} ${row.number}`;
      if (row.gone || !found.has(key)) found.set(key, row);
    }
    const bad = rows.filter((row) => !isRow(row));
    const gone = [...found.values()].filter((row) => row.gone);
    for (const row of [...bad, ...gone]) this.#keep.remove(row);
    if (bad.length) host.blame("STORAGE", "reading", new TypeError(`${bad.length} stored messages cannot be read`));
    const messages = [...found.values()].filter((row) => !row.gone);
    messages.sort((a, b) => a.lane - b.lane || a.number - b.number);
    host.draining = true;
    for (const row of messages) this.#give(number, row);
    host.draining = false;
    return messages.length;
  }

  #give(memory, row) {
    const host = this.#host;
    const { data, lane, key, ttl, at, number } = row;
    const value = { get: () => this.#valueOf(data) };
    const held = Object.defineProperty(Object.assign(Object.create(Held.prototype), { data }), "value", value);
    const payload = host.payloads.keep(held);
    this.#keep.rows.set(payload, row);
    // A clock that was put back says that no time has passed.
    const left = ttl === undefined ? -1 : Math.max(0, ttl - Math.max(0, trustedNow() - at));
    const keyNumber = key === undefined ? -1 : host.payloads.numberOfKey(key);
    host.feed(Input.restored, payload, sizeOf(data, true), lane + formOf(data), left, keyNumber, number, memory);
  }

  /** What the application gave to `send`, as far as its codec can tell. */
  #valueOf(data) {
    const { codec } = this.#host.options;
    try {
      return codec === "raw" ? data : decode(this.#host, ArrayBuffer.isView(data) ? data.buffer : data);
    } catch {
      return data;
    }
  }
}

const isBehind = (row, after) =>
  !after || row.lane > after.lane || (row.lane === after.lane && row.number > after.number);

// Anything may stand in what pages can write to.

const isMoment = (value) => Number.isFinite(value) && value >= 0;

const isRecord = has({
  place: absentOr(COUNT),
  user: absentOr(TEXT),
  birth: absentOr(isWord),
  ended: absentOr(FLAG),
});

const isRow = has({
  lane: LANE,
  number: NUMBER,
  data: (given, { gone }) => gone === true || isData(given),
  key: absentOr(TEXT),
  ttl: absentOr(isMoment),
  at: (given, { gone }) => gone === true || isMoment(given),
});
