// The databases in IndexedDB: what stands in them, and how they are opened.

/**
 * The databases, their stores and the stores' keys. There are two because a transaction that waits behind one that
 * waits for the disk is dropped when its tab closes: what must be kept at once is never asked of the first.
 */
const DATABASES = {
  /** What may wait for the disk. */
  steadfast: {
    /** A record for each session or what may become one: storage.js. */
    sessions: ["name", "memory"],
    /** Messages that have a number, or had one; and which are done with: rows.js. */
    messages: ["memory", "seq"],
  },
  /** What is never to wait: no transaction here is strict. */
  "steadfast-fresh": {
    /** A record for each memory that nobody was welcomed with: rows.js. */
    stashes: ["name", "memory"],
    /** Messages as they were sent: rows.js. */
    fresh: ["memory", "seq"],
    /** Local copies of states: copies.js. */
    snapshots: ["name", "key"],
  },
};
/** How long a database may take for anything. */
const PATIENCE_MS = 5_000;

/** The database that has a store. */
export const databaseOf = (store) => Object.keys(DATABASES).find((name) => store in DATABASES[name]);

/** A connection to the database that has a store. */
export async function openDatabase(store) {
  const database = databaseOf(store);
  const stores = DATABASES[database];
  const opening = indexedDB.open(database, 2);
  opening.onupgradeneeded = () => {
    const { result } = opening;
    // Version 1 knew sessions only, which begin anew.
    for (const name of result.objectStoreNames) result.deleteObjectStore(name);
    for (const name in stores) result.createObjectStore(name, { keyPath: stores[name] });
  };
  try {
    await settled(opening, "onsuccess");
    return opening.result;
  } finally {
    // Too late: an open connection would keep the database from being deleted.
    opening.onsuccess = () => opening.result.close();
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

/** All keys of a store that begin with `first`. */
export const allOf = (first) => IDBKeyRange.bound([first], [first, []]);
