// A connection to the database that stays, so that a transaction begins in the very task that asks for it.

import { openDatabase, settled } from "./database.js";

/**
 * The database as one client uses it. `failed` is called with the reason when it fails, or `fail` is called, for the
 * first time; from then on nothing is asked of it any more.
 */
export class Database {
  /** Whether what is to be stored lives in memory only. */
  failed = false;
  /** Settled when all that was begun until now is done. */
  work = Promise.resolve();

  #tell;
  #opening = null;
  #connection = null;

  constructor(failed) {
    this.#tell = failed;
  }

  /** Until the connection is there; from then on `transact` begins in the task that calls it. */
  async open() {
    if (this.failed) return;
    this.#opening ??= this.#open();
    const opening = this.#opening;
    try {
      const connection = await opening;
      if (opening === this.#opening) this.#connection = connection;
      else connection.close();
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * One transaction over the `stores`, which commits what `act` asks of it at once. "strict": on the disk when done.
   * Resolves with what `act` returned, whose requests have their results by then; with undefined if storage has failed.
   */
  transact(stores, durability, act) {
    const done = this.#transact(stores, durability, act);
    this.work = Promise.all([this.work, done]);
    return done;
  }

  /** Lets go of the connection when all is done; the next transaction opens another one. */
  close() {
    this.#connection?.close();
    this.#opening = this.#connection = null;
  }

  /** Storage is of no use: `cause` says why. */
  fail(cause) {
    if (this.failed) return;
    this.failed = true;
    this.close();
    this.#tell(cause);
  }

  async #transact(stores, durability, act) {
    if (!this.#connection) await this.open();
    if (!this.#connection) return;
    try {
      const transaction = this.#connection.transaction(stores, "readwrite", { durability });
      const result = act(transaction);
      transaction.commit();
      await settled(transaction, "oncomplete");
      return result;
    } catch (error) {
      this.fail(error);
    }
  }

  async #open() {
    const connection = await openDatabase();
    // Somebody deletes it, or has; or the user does.
    const gone = () => {
      connection.close();
      this.fail(new DOMException("the database was closed", "AbortError"));
    };
    connection.onversionchange = connection.onclose = gone;
    return connection;
  }
}
