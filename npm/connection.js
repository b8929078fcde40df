// Connections to the databases that stay, so that a transaction begins in the very task that asks for it.

import { openDatabase, STORED, settled } from "./database.js";

/**
 * The database whose transactions never wait for the disk: one that waits behind one that does is dropped when its tab
 * closes, so what must be kept at once stands here, and no transaction here is strict.
 */
export const FRESH = {
  name: "steadfast-fresh",
  stores: {
    /** A record for each memory that nobody was welcomed with: rows.js. */
    stashes: ["name", "memory"],
    /** Messages as they were sent: rows.js. */
    fresh: ["memory", "seq"],
    /** Local copies of states: copies.js. */
    snapshots: ["name", "key"],
  },
};

/**
 * The databases as one client uses them. `failed` is called with the reason when one fails, or `fail` is called, for
 * the first time; from then on nothing is asked of them any more.
 */
export class Database {
  /** Whether what is to be stored lives in memory only. */
  failed = false;
  /** Settled when all that was begun until now is done. */
  work = Promise.resolve();
  /** When storage fails: what it returns is tried once more. */
  salvage = () => {};
  /** How often the page was put away, and came back: odd while it is away. */
  turns = 0;

  #tell;
  /** By name: promises of connections, and those that are there. */
  #opening = {};
  #connections = {};
  #isRetired = false;

  constructor(failed) {
    this.#tell = failed;
  }

  /** Until a database is there; from then on `transact` begins in the task that calls it. */
  async open(database) {
    if (this.failed) return;
    const { name } = database;
    this.#opening[name] ??= this.#open(database);
    const opening = this.#opening[name];
    try {
      const connection = await opening;
      if (opening === this.#opening[name]) this.#connections[name] = connection;
      else connection.close();
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * One transaction over the `stores` of one database, of which `act` asks what it is to do. "strict": on the disk when
   * done. Resolves with what `act` returned, whose requests have their results by then; with undefined if
   * storage has failed, or the page was put away meanwhile and it came to nothing.
   */
  transact(stores, durability, act) {
    const done = this.#transact(stores, durability, act);
    this.work = Promise.all([this.work, done]);
    if (this.#isRetired) this.retire();
    return done;
  }

  /** The page is put away, or in use again. Whether that is news. */
  turn(away) {
    const isNews = this.turns % 2 !== +away;
    if (isNews) this.turns++;
    return isNews;
  }

  /** The client is over: from now on connections are let go of whenever nothing is under way. */
  retire() {
    this.#isRetired = true;
    this.work.then(() => this.close());
  }

  /** The next transaction opens another connection. */
  close() {
    for (const name in this.#connections) this.#connections[name]?.close();
    this.#opening = {};
    this.#connections = {};
  }

  /** Storage is of no use: `cause` says why. */
  fail(cause) {
    if (this.failed) return;
    this.failed = true;
    const connections = this.#connections;
    const { turns } = this;
    this.#opening = {};
    this.#connections = {};
    const salvage = this.salvage();
    // A page that is about to end sees failures, too, and must not touch what the next one is to find: it has no tasks.
    const saved = new Promise((resolve) => setTimeout(resolve)).then(() => {
      this.#connections = connections;
      const done = turns === this.turns && salvage?.();
      this.close();
      return done;
    });
    this.work = Promise.all([this.work, saved]);
    this.#tell(cause);
  }

  async #transact(stores, durability, act) {
    const database = stores[0] in FRESH.stores ? FRESH : STORED;
    const { name } = database;
    if (!this.#connections[name]) await this.open(database);
    const connection = this.#connections[name];
    if (!connection) return;
    const { turns } = this;
    try {
      const transaction = connection.transaction(stores, "readwrite", { durability });
      const result = act(transaction);
      await settled(transaction, "oncomplete");
      return result;
    } catch (error) {
      if (error || (turns === this.turns && turns % 2 === 0)) return this.fail(error);
      // WebKit gives up what a page asks that goes into its cache, and names no error.
      if (connection === this.#connections[name]) this.#connections[name] = this.#opening[name] = undefined;
      connection.close();
    }
  }

  async #open(database) {
    const connection = await openDatabase(database);
    // Somebody deletes it, or has; or the user does.
    const gone = () => {
      connection.close();
      this.fail(new DOMException("the database was closed", "AbortError"));
    };
    connection.onversionchange = connection.onclose = gone;
    return connection;
  }
}
