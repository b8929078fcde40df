// The one database in IndexedDB: what stands in it, and how it is opened and used.

const NAME = "steadfast";
/** The stores, and the keys of what stands in them. */
const STORES = {
  /** The record of each session: storage.js. */
  sessions: ["name", "memory"],
  /** Messages that outlive their page, and the record of each memory that has any: keep.js. */
  memories: ["name", "memory"],
  messages: ["name", "memory", "lane", "number"],
  /** Local copies of states: copies.js. */
  snapshots: ["name", "key"],
};
/** How long it may take for anything. */
const PATIENCE_MS = 5_000;

/** Opens it as it is, whatever its version, and makes what it lacks. */
export async function openDatabase(version) {
  const opening = indexedDB.open(NAME, version);
  opening.onupgradeneeded = () => makeStores(opening.result, opening.transaction);
  try {
    await settled(opening, "onsuccess");
  } finally {
    // Too late: an open connection would keep the database from being deleted.
    opening.onsuccess = () => opening.result.close();
  }
  const { result } = opening;
  if (Object.keys(STORES).every((store) => result.objectStoreNames.contains(store))) return result;
  result.close();
  return openDatabase(result.version + 1);
}

/** What is there in another shape is of no use. */
function makeStores(database, transaction) {
  indexedDB.deleteDatabase("steadfast-fresh");
  for (const store of [...database.objectStoreNames]) {
    if (`${transaction.objectStore(store).keyPath}` !== `${STORES[store]}`) database.deleteObjectStore(store);
  }
  for (const store in STORES) {
    if (!database.objectStoreNames.contains(store)) database.createObjectStore(store, { keyPath: STORES[store] });
  }
}

/** Until `source` has succeeded. Rejects when it fails, or does not answer. */
export const settled = (source, success) =>
  new Promise((resolve, reject) => {
    // The time of a frozen page does not count here.
    const signal = AbortSignal.timeout(PATIENCE_MS);
    signal.onabort = () => reject(signal.reason);
    source[success] = resolve;
    source.onerror = source.onabort = () => reject(source.error);
  });

/** All keys that begin with these texts. */
export const allOf = (...key) => IDBKeyRange.bound(key, following(...key), false, true);

/** The first key behind those. */
export const following = (...key) => [...key.slice(0, -1), `${key.at(-1)}\0`];

/** The database as one client uses it, over a connection that stays. */
export class Database {
  /** Settled when all that was asked until now is done. */
  work = Promise.resolve();

  #lost;
  #opening = null;
  #connection = null;
  #isRetired = false;

  /** `lost` is called when nobody knows any more whether what was stored is there. */
  constructor(lost = () => {}) {
    this.#lost = lost;
  }

  /**
   * One transaction over `stores`, of which `act` asks what it is to do: in this task, if there is a connection. Resolves
   * with what `act` returned when it is done; "strict": when it is on the disk.
   */
  transact(stores, act, durability = "relaxed") {
    const done = this.#transact(stores, act, durability);
    this.work = Promise.allSettled([this.work, done]);
    if (this.#isRetired) this.retire();
    return done;
  }

  /** The client is over: from now on its connection is let go of whenever nothing is under way. */
  retire() {
    this.#isRetired = true;
    this.work.then(() => this.#close());
  }

  /** Until there is a connection. */
  async open() {
    const opening = (this.#opening ??= openDatabase());
    const connection = await opening.catch((error) => {
      if (opening === this.#opening) this.#close();
      throw error;
    });
    if (opening !== this.#opening) {
      connection.close();
      return this.open();
    }
    this.#connection = connection;
    // Somebody deletes it or makes it anew; or the user does.
    connection.onversionchange = connection.onclose = () => {
      connection.close();
      if (connection === this.#connection) this.#close();
    };
  }

  async #transact(stores, act, durability) {
    const begin = () => this.#connection?.transaction(stores, "readwrite", { durability });
    let transaction;
    try {
      transaction = begin();
    } catch {
      this.#close();
    }
    try {
      if (!transaction) await this.open();
      transaction ??= begin();
      const result = act(transaction);
      await settled(transaction, "oncomplete");
      return result;
    } catch (error) {
      try {
        transaction?.abort();
      } catch {}
      this.#close();
      throw error;
    }
  }

  /** The next transaction opens another connection. */
  #close() {
    this.#connection?.close();
    this.#connection = this.#opening = null;
    this.#lost();
  }
}
