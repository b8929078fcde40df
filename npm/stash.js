// The memory of what is sent while it is not known whose page it is: before the welcome nobody knows whose session it
// will be, and while the page is put away the session is not this page's.

import { newRecord } from "./found.js";
import { randomId } from "./host.js";
import { freeing, hold } from "./storage.js";

/** The stash of one client. Each ends as the memory of the session, behind another one's rows, or with its page. */
export class Stash {
  /** Its record, while there is one. */
  record = null;
  /** The record of the one before whose rows are on their way to the session's memory. */
  dropped = null;
  /** The promise of the function that lets go of its lock. */
  lock = null;

  #name;
  #rows;
  #database;
  /** Whether it is the session's memory as well, which has the lock. */
  #isTaken = false;

  constructor(name, rows, database) {
    this.#name = name;
    this.#rows = rows;
    this.#database = database;
  }

  /** A new one. `parent`: the memory behind whose rows it belongs. Without a lock the next page may have it at once. */
  begin(parent, isLocked) {
    this.#isTaken = false;
    this.record = { ...newRecord(this.#name, randomId()), parent };
    this.lock = isLocked ? hold(this.record).catch((error) => this.#database.fail(error)) : null;
  }

  /** The record, which is the session's from now on. */
  take() {
    if (!this.record) this.begin(undefined, true);
    this.#isTaken = true;
    return this.record;
  }

  /** Now it is known what its rows belong behind. Whether that is news. */
  belong(parent) {
    if (!this.record || this.#isTaken || this.record.parent === parent) return false;
    this.record.parent = parent;
    return true;
  }

  /** Nothing is in it any more, unless it is the session's memory. */
  async drop() {
    const dropped = this.#isTaken ? null : this.record;
    this.dropped = dropped;
    if (dropped) this.#rows.removeStash(dropped);
    this.leave();
    // The present task stores it.
    await null;
    await this.#database.work;
    if (this.dropped === dropped) this.dropped = null;
  }

  /** Lets go of it when all is stored. */
  leave() {
    const { lock, record } = this;
    this.record = null;
    if (!record || this.#isTaken) return;
    this.#rows.leave(record.memory);
    freeing(record, (async () => (await lock)?.(this.#database.work))());
  }
}
