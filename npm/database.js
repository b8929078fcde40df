// Databases in IndexedDB: what stands in the first, and how they are opened.

/** The database that may wait for the disk: its name, its stores, and their keys. */
export const STORED = {
  name: "steadfast",
  stores: {
    /** A record for each session or what may become one: storage.js. */
    sessions: ["name", "memory"],
    /** Messages that have a number, or had one; and which are done with: rows.js. */
    messages: ["memory", "seq"],
  },
};
/** How long a database may take for anything. */
const PATIENCE_MS = 5_000;

export async function openDatabase({ name, stores } = STORED) {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    for (const store in stores) opening.result.createObjectStore(store, { keyPath: stores[store] });
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
