// What of a durable queue is stored: the records of memories and the rows of messages; what the next transaction
// changes of them; and whether what is read can be used.

import { allOf } from "./database.js";
import { COUNT, isWord } from "./frames.js";
import { LANES, randomId } from "./host.js";
import { isData } from "./payload.js";
import { isOld } from "./storage.js";

const STORES = ["sessions", "messages"];

/** The changes that one client makes. Each is kept until `flush`. */
export class Rows {
  #database;
  /** Entries whose `row` is to be written, and then they say so: `isWritten`. */
  #entries = new Set();
  #records = new Map();
  #gone = [];
  #goneMemories = [];

  constructor(database) {
    this.#database = database;
  }

  get isClean() {
    const { size } = this.#entries;
    return size + this.#records.size + this.#gone.length + this.#goneMemories.length === 0;
  }

  put(entry) {
    this.#entries.add(entry);
  }

  putRecord(record) {
    this.#records.set(record.memory, record);
  }

  remove(entry) {
    this.#entries.delete(entry);
    if (entry.isWritten) this.#gone.push([entry.row.memory, entry.row.seq]);
  }

  /** Removes a record, and every row of its memory. */
  removeMemory({ name, memory }) {
    this.#records.delete(memory);
    this.#goneMemories.push([name, memory]);
  }

  /** Makes all changes in one transaction, which begins in this task if the database is open. */
  async flush(durability) {
    await this.#database.transact(STORES, durability, (transaction) => this.#write(transaction));
    // In memory everything is as good as stored.
    if (this.#database.failed) this.#clear();
  }

  /** The rows of a memory, and all records of a name; undefined when nothing can be read. */
  async read({ name, memory }) {
    const read = await this.#database.transact(STORES, "relaxed", (transaction) => [
      transaction.objectStore("messages").getAll(allOf(memory)),
      transaction.objectStore("sessions").getAll(allOf(name)),
    ]);
    return read?.map(({ result }) => result);
  }

  #write(transaction) {
    const messages = transaction.objectStore("messages");
    const sessions = transaction.objectStore("sessions");
    for (const key of this.#gone) messages.delete(key);
    for (const key of this.#goneMemories) {
      sessions.delete(key);
      messages.delete(allOf(key[1]));
    }
    for (const { row } of this.#entries) messages.put(row);
    for (const record of this.#records.values()) sessions.put(record);
    this.#clear();
  }

  #clear() {
    for (const entry of this.#entries) entry.isWritten = true;
    this.#entries.clear();
    this.#records.clear();
    this.#gone = [];
    this.#goneMemories = [];
  }
}

export const newRecord = (name, memory, instance = memory) => ({
  name,
  memory,
  instance,
  claim: 0,
  last: 0,
  at: Date.now(),
});

/** Names a row. */
export const nameOf = ({ memory, seq }) => `${memory}/${seq}`;

/** Whether a record can be used: that of a session, or of a memory that has none yet. */
export function isGoodRecord({ id, token, instance, last }) {
  const hasNone = id === undefined && token === undefined;
  return (
    (hasNone || (isWord(id) && isWord(token))) &&
    typeof instance === "string" &&
    /^[0-9a-f]{32}$/.test(instance) &&
    COUNT(last)
  );
}

/** The rows that can be used in a memory of which `last` was the last number; and the others. */
export function sort(rows, last) {
  const good = [];
  const bad = [];
  const numbers = new Set();
  for (const row of rows) {
    const isGood = isGoodRow(row) && row.number <= last && !numbers.has(row.number);
    (isGood ? good : bad).push(row);
    if (row.number !== 0) numbers.add(row.number);
  }
  return [good, bad];
}

/**
 * What is left of a record that cannot be used: a new one, and messages without numbers. The others may have arrived,
 * and are gone, as are all of a record that is too old. The record, if any, and the rows that are lost.
 */
export async function repair(database, record) {
  const { name, memory } = record;
  const clean = isOld(record) ? null : newRecord(name, memory, randomId());
  const rows = new Rows(database);
  const [found] = (await rows.read(record)) ?? [[]];
  const lost = found.filter(({ number }) => !clean || number !== 0);
  if (clean) rows.putRecord(clean);
  else rows.removeMemory(record);
  for (const row of lost) rows.remove({ row, isWritten: true });
  await rows.flush("relaxed");
  return [clean, lost];
}

const isMoment = (value) => Number.isFinite(value) && value >= 0;

function isGoodRow({ seq, number, data, priority, key, ttl, at }) {
  return (
    COUNT(seq) &&
    seq < LAST_SEQ &&
    COUNT(number) &&
    isData(data) &&
    LANES.includes(priority) &&
    (key === undefined || typeof key === "string") &&
    (ttl === undefined || isMoment(ttl)) &&
    isMoment(at)
  );
}

/** Far more rows than there will be, and room for more behind. */
const LAST_SEQ = 2 ** 52;
