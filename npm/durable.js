// Messages that outlive the page: a row for each, stored in the task that sends it, and again with its number before it
// leaves; and whose rows they are.

import { decode } from "./codec.js";
import { FRESH } from "./connection.js";
import { STORED } from "./database.js";
import { isGoodRecord, newRecord, repair, sort } from "./found.js";
import { formOf, LANES, randomId } from "./host.js";
import * as Input from "./input.js";
import { Orphans } from "./orphans.js";
import { sizeOf } from "./payload.js";
import { Held, Payloads } from "./payloads.js";
import { nameOf, Rows } from "./rows.js";
import { Stash } from "./stash.js";
import { hold, remembered } from "./storage.js";

/**
 * The durable queue of one client. Its rows belong to the memory of the session, or to the *stash*, a memory of their
 * own: before the welcome nobody knows whose session it will be, and while the page is put away it is not this page's.
 */
export class Durable {
  isGood = isGoodRecord;
  #host;
  #rows;
  #orphans;
  #stash;
  /** The session's record, from its welcome until the page is put away. */
  #home = null;
  /** The record of which the engine has all that is stored. */
  #found = null;
  #isSuspended = false;
  #taskIsWatched = false;
  /** Whether the engine waits for the next transaction. */
  #commits = false;

  /** What the engine has, by payload; what it has let go of, by row. */
  #entries = new Map();
  #released = new Map();

  constructor(host) {
    const { queue, adopted } = host.options;
    this.name = `persist:${queue.persist}`;
    this.#host = host;
    this.#rows = new Rows(host.database);
    // What is another's goes on where it is.
    if (!adopted) host.database.salvage = () => this.#salvage();
    this.#orphans = adopted ? null : new Orphans(host, this);
    host.payloads = new Watched((number) => this.#forget(number));
    this.#stash = new Stash(this.name, this.#rows, host.database);
    this.#beginStash(remembered({ name: this.name }));
    host.database.open(FRESH);
    host.database.open(STORED);
  }

  // What is sent.

  /** A message that the engine is about to be given. */
  add(number, { priority = "normal", key, ttl = this.#host.options.queue.ttl }, ticket) {
    const record = this.#home ?? this.#stash.record;
    const { data } = this.#host.payloads.get(number);
    const row = { memory: record.memory, seq: this.#rows.nextSeq(), number: 0, data, priority, key, at: Date.now() };
    if (ttl < 1 / 0) row.ttl = ttl;
    this.#entries.set(number, { row, ticket });
    this.#rows.send(row);
    if (!this.#home) this.#rows.putStash(record);
    this.#watchTask();
  }

  /** Stores what has changed, all together. Resolves when that is done, or storage has failed. */
  async flush(durability = this.#commits ? "strict" : "relaxed") {
    if (!this.#commits && this.#rows.isClean) return;
    // It is for whoever comes next: without the lock it must not stay in this page's memory.
    if (this.#isSuspended) this.#host.feed(Input.suspend);
    const commits = this.#commits;
    this.#commits = false;
    await this.#rows.flush(durability);
    // What leaves from memory must be found by nobody.
    if (this.#host.database.failed) await this.#host.database.work;
    if (commits) this.#host.feed(Input.written);
  }

  /** Stores the session's record, and whatever else the present task changes. */
  async save() {
    const { row } = this.#host.keeper;
    this.#rows.putRecord(row);
    await null;
    return this.flush("strict");
  }

  // What the engine answers.

  write(payload, number) {
    const { row } = this.#host.keeper;
    row.last = number;
    this.#rows.putRecord(row);
    const entry = this.#entries.get(payload);
    if (entry) this.#number(entry.row, number);
  }

  commit() {
    this.#commits = true;
    this.#watchTask();
  }

  release(payload) {
    const entry = this.#entries.get(payload);
    this.#entries.delete(payload);
    const held = this.#host.payloads.take(payload);
    if (entry) this.#released.set(nameOf(entry.row), { ...entry, held, isOnlyHere: this.#host.database.failed });
  }

  // The session.

  /** The record of a memory that nobody had yet, and the promise of the function that lets go of its lock. */
  takeStash() {
    return this.#orphans ? [this.#stash.take(), this.#stash.lock] : [newRecord(this.name, randomId())];
  }

  /** Tells the other tabs that this memory is wanted here. */
  announce(memory) {
    this.#orphans?.announce(memory);
  }

  /** Whether this client uses this memory, or means to. */
  owns(memory) {
    return [this.#host.keeper.row.memory, this.#stash.record?.memory].includes(memory);
  }

  /** All records under the name of this queue; undefined when nothing can be read. */
  readRecords() {
    return this.#rows.readRecords(this.name);
  }

  /** Reads what is stored in the session's memory, and gives it to the engine. */
  async load() {
    const { row } = this.#host.keeper;
    const isCurrent = () => row === this.#host.keeper.row && !this.#isSuspended;
    if (this.#stash.belong(row.memory)) this.#putStash();
    const [found, records] = (await this.#rows.read(row)) ?? [[], []];
    const rows = this.#keepGood(found, row.last);
    const isFound = (row) => rows.some((other) => nameOf(other) === nameOf(row));
    for (const lost of this.#releasedRows(({ row }) => this.#rows.isLost(row) && !isFound(row))) {
      this.#take(lost, row.memory);
      rows.push(lost);
    }
    for (const other of records) {
      const { id, memory, parent } = other;
      const isStash = (parent === row.memory || leftHere.has(memory)) && !id && !this.owns(memory);
      if (isStash && isCurrent()) rows.push(...(await this.#merge(other, row.memory, isCurrent, rows)));
    }
    if (!isCurrent()) return;
    this.#found = row;
    // What is stored after all is for the next page, which reads it again.
    this.#restore(this.#host.database.failed ? this.#releasedRows(({ isOnlyHere }) => isOnlyHere) : rows);
    this.#rejectReleased("ABORTED", "another page has it");
    this.#host.feed(Input.recalled, row.last);
    this.flush();
    this.#orphans?.start(records);
  }

  /** The session of a welcome has its record; the engine is about to hear of it. */
  welcomed({ stored }, fate) {
    const { row } = this.#host.keeper;
    this.#home = row;
    if (stored < 0) row.last = 0;
    if (fate !== "resumed") {
      // Should the page be gone before the session is on the disk, what it sends is found, and this user's.
      const { id, token, parent, ...stash } = row;
      this.#rows.putStash(stash);
    }
    const isAnothers = fate === "user";
    for (const entry of this.#held()) {
      const { memory, number } = entry.row;
      // What this page sent while it was nobody's goes with the page.
      const isMoved = memory !== row.memory && (!isAnothers || entry.isUnclaimed);
      if (isMoved) this.#move(entry.row, row.memory);
      // Another message may have this number soon.
      else if (!isAnothers && number > stored) this.#number(entry.row, 0);
      entry.isUnclaimed = false;
    }
    this.#stash.drop();
    this.flush();
    if (isAnothers && this.#found) this.#rows.leave(this.#found.memory);
  }

  /** The engine has heard of it. What it has let go of is another user's, who will find it where it is. */
  begun() {
    this.#restore(this.#releasedRows(({ row }) => row.memory === this.#home.memory));
    this.#rejectReleased("SESSION_LOST", "the session is another's");
  }

  /** The page is put away: what is sent now is for whoever comes next. */
  suspend() {
    this.#isSuspended = true;
    this.#leave(this.#host.keeper.row.memory);
  }

  /** The page is back. */
  resume() {
    this.#isSuspended = false;
    this.#leave(this.#host.keeper.row.memory);
  }

  /** The client is over, and what is stored is for the next one, whatever becomes of storage. */
  letGo() {
    if (!this.#home) leftHere.add(this.#stash.record?.memory);
    this.#host.database.salvage = () => {};
    this.suspend();
  }

  /** Somebody else has the session. */
  abandon() {
    this.#leave();
  }

  /** The session is over. */
  forget(record) {
    this.#isSuspended = true;
    this.#orphans?.stop();
    // Before a welcome nobody has said that what was found is this user's.
    if (this.#found && this.#home) this.#rows.end(record);
    this.#stash.drop();
    this.flush();
  }

  /** What is left of a record that cannot be used, or undefined. What is lost with it is reported. */
  async repair(record) {
    if (!record) return;
    const [clean, lost] = await repair(this.#host.database, record);
    for (const { data, number } of lost) {
      const fate = { reason: "session-lost", delivered: number === 0 ? false : "unknown" };
      this.#host.emit("dropped", { data: this.#valueOf(data), ...fate }, "warn", fate);
    }
    if (clean) this.#blame("a stored session");
    return clean;
  }

  #leave(parent) {
    this.#orphans?.stop();
    this.#home = null;
    this.#found = null;
    this.flush();
    this.#rows.leave(this.#host.keeper.row.memory);
    this.#stash.leave();
    this.#beginStash(parent);
  }

  #releasedRows(isSo) {
    return [...this.#released.values()].filter(isSo).map(({ row }) => row);
  }

  #rejectReleased(code, message) {
    for (const { ticket } of this.#released.values()) this.#host.reject(ticket, this.#host.error(code, message));
    this.#released.clear();
  }

  // The stash.

  /** What is sent while the page is put away is for whoever comes next. */
  #beginStash(parent) {
    if (this.#orphans) this.#stash.begin(parent, !this.#isSuspended);
  }

  /** Stores its record again, where there are rows. */
  #putStash() {
    const { record } = this.#stash;
    if (!this.#held().some(({ row }) => row.memory === record.memory)) return;
    this.#rows.putStash(record);
    this.#watchTask();
  }

  /** Moves the rows of a stash whose page is gone to `memory`, of which these `others` are here already. */
  async #merge(stash, memory, isCurrent, others) {
    const letGo = await hold(stash);
    if (!letGo) return [];
    const [found] = (await this.#rows.read(stash)) ?? [[]];
    const isOurs = isCurrent();
    // They were on their way there when the page was put away.
    const isHere = (row) => others.some(({ origins }) => origins?.includes(nameOf(row)));
    const rows = isOurs ? this.#keepGood(found, 0).filter((row) => !isHere(row)) : [];
    for (const row of rows) this.#take(row, memory, true);
    if (isOurs) this.#rows.removeMemory(stash);
    await this.flush();
    letGo();
    return rows;
  }

  // Rows.

  /** Moves a row that the engine does not have behind those of `memory`. */
  #take(row, memory, isUnclaimed) {
    const before = this.#released.get(nameOf(row));
    this.#released.delete(nameOf(row));
    this.#move(row, memory);
    if (before) this.#released.set(nameOf(row), { ...before, isUnclaimed: isUnclaimed || before.isUnclaimed });
  }

  /** Those that can be used and are not here yet. The others are reported and removed. */
  #keepGood(found, last) {
    const here = new Set([...this.#entries.values()].map(({ row }) => nameOf(row)));
    const [good, bad] = sort(found, last);
    for (const row of bad) this.#rows.remove(row);
    if (bad.length) this.#blame(`${bad.length} stored messages`);
    return good.filter((row) => !here.has(nameOf(row)));
  }

  #restore(rows) {
    const { payloads } = this.#host;
    const order = ({ number }) => number || 1 / 0;
    const moment = ({ sent, seq }) => sent ?? seq;
    rows.sort((a, b) => order(a) - order(b) || moment(a) - moment(b));
    for (const row of rows) {
      const { data, key, number, priority, ttl, at } = row;
      const { held = this.#hold(data), ticket = 0, isUnclaimed } = this.#released.get(nameOf(row)) ?? {};
      this.#released.delete(nameOf(row));
      const payload = payloads.keep(held);
      this.#entries.set(payload, { row, ticket, isUnclaimed });
      // A clock that was put back says that no time has passed.
      const left = ttl === undefined ? -1 : Math.max(0, ttl - Math.max(0, Date.now() - at));
      const keyNumber = key === undefined ? -1 : payloads.numberOfKey(key);
      const fields = [sizeOf(data, true), LANES.indexOf(priority) + formOf(data), left, keyNumber, number, ticket];
      this.#host.feed(Input.restored, payload, ...fields);
    }
  }

  #hold(data) {
    const value = { get: () => this.#valueOf(data) };
    return Object.defineProperty(Object.assign(Object.create(Held.prototype), { data }), "value", value);
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

  /** What the engine has, in the order in which it was sent. */
  #held() {
    return [...this.#entries.values()].sort((a, b) => a.row.seq - b.row.seq);
  }

  /** Storage fails, and what this page has it goes on with in memory: nobody is to find it. */
  #salvage() {
    const rows = this.#held().map(({ row }) => row);
    return this.#rows.giveUp(rows, this.#stash.dropped);
  }

  #put(row) {
    this.#rows.put(row);
    this.#watchTask();
  }

  #number(row, number) {
    row.number = number;
    this.#put(row);
  }

  #move(row, memory) {
    this.#rows.move(row, memory);
    this.#watchTask();
  }

  /** The engine is done with a message. */
  #forget(number) {
    const entry = this.#entries.get(number);
    if (!entry) return;
    this.#entries.delete(number);
    this.#rows.remove(entry.row);
    this.#watchTask();
  }

  /** When the present task is over, what was sent in it is numbered, and all is stored together. */
  #watchTask() {
    if (this.#taskIsWatched) return;
    this.#taskIsWatched = true;
    queueMicrotask(() => {
      this.#taskIsWatched = false;
      this.#host.feed(Input.taskOver);
      this.flush();
    });
  }

  #blame(what) {
    this.#host.emit("error", this.#host.error("STORAGE", `${what} cannot be read`), "warn");
    this.#watchTask();
  }
}

/** The stashes that clients of this page let go of before it was known whose they are. */
const leftHere = new Set();

/** Payloads that say which of them is taken. */
class Watched extends Payloads {
  #taken;

  constructor(taken) {
    super();
    this.#taken = taken;
  }

  take(number) {
    this.#taken(number);
    return super.take(number);
  }
}
