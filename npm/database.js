// The database in IndexedDB: what stands in it, and how it is opened.

/** The stores and their keys. */
const STORES = {
  /** A record for each session or what may become one: storage.js. */
  sessions: ["name", "memory"],
  /** Messages that outlive the page: rows.js. */
  messages: ["memory", "seq"],
  /** Local copies of states: copies.js. */
  snapshots: ["name", "key"],
};
/** How long the database may take for anything. */
const PATIENCE_MS = 5_000;

export async function openDatabase() {
  const opening = indexedDB.open("steadfast", 2);
  opening.onupgradeneeded = () => {
    const { result } = opening;
    // Version 1 knew sessions only, which begin anew.
    for (const name of result.objectStoreNames) result.deleteObjectStore(name);
    for (const name in STORES) result.createObjectStore(name, { keyPath: STORES[name] });
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
