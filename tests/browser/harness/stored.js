// What is stored on the platform: records of sessions and of memories, rows of messages, and locks.

/** The records of sessions under this name, in their order. */
export const storedRows = async (name) =>
  (await inStore("sessions", (store) => store.getAll()))
    .filter((row) => row.name === name)
    .sort((a, b) => (a.id < b.id ? -1 : 1));

/** The records under this name, as soon as `isSo` of them. */
export const rowsWhen = (name, isSo) => when(() => storedRows(name), isSo);

/** Puts a record there as another page would have. Its memory is called as its session. */
export const putRow = (row) =>
  inStore("sessions", (store) => store.put({ memory: row.id, at: Date.now(), claim: 1, ...row }));

/** The records of memories under this name of a queue. */
export const storedMemories = async (name) =>
  (await inStore("memories", (store) => store.getAll())).filter((row) => row.name === name);

export const memoriesWhen = (name, isSo) => when(() => storedMemories(name), isSo);

export const putMemory = (record) => inStore("memories", (store) => store.put(record));

/** The rows of a memory, marks as well. */
const allRows = async (memory) =>
  (await inStore("messages", (store) => store.getAll())).filter((row) => row.memory === memory);

/** The messages of a memory, by lane and number. */
export const storedMessages = async (memory) => (await allRows(memory)).filter(({ gone }) => !gone);

/** Those of them that are marked as dropped. */
export const marksOf = async (memory) => (await allRows(memory)).filter(({ gone }) => gone);

/** The messages of a memory, as soon as `isSo` of them. */
export const messagesWhen = (memory, isSo) => when(() => storedMessages(memory), isSo);

/** Puts messages there as another page would have. */
export const putMessages = (rows) =>
  inStore("messages", (store) => {
    for (const row of rows) store.put({ lane: 1, at: Date.now(), ...row });
    return store.count();
  });

export const putMessage = (row) => putMessages([row]);

/** The local copies of states under this name. */
export const copiesOf = async (name) =>
  (await inStore("snapshots", (store) => store.getAll())).filter((copy) => copy.name === name);

/** The local copies under this name, as soon as `isSo` of them. */
export const copiesWhen = (name, isSo) => when(() => copiesOf(name), isSo);

/** Puts a local copy there as another page would have. */
export const putCopy = (copy) => inStore("snapshots", (store) => store.put(copy));

/** Takes the lock of a memory as another page would. Resolves, when it is held, with the function that lets go. */
export const holdLock = (name, memory) =>
  new Promise((held) => {
    navigator.locks.request(`steadfast:${name}:${memory}`, () => new Promise((letGo) => held(letGo)));
  });

async function when(read, isSo) {
  for (;;) {
    const rows = await read();
    if (isSo(rows)) return rows;
  }
}

const STORES = {
  sessions: ["name", "memory"],
  memories: ["name", "memory"],
  messages: ["name", "memory", "lane", "number"],
  snapshots: ["name", "key"],
};

export async function inStore(name, act) {
  const opening = indexedDB.open("steadfast");
  opening.onupgradeneeded = () => {
    for (const store in STORES) opening.result.createObjectStore(store, { keyPath: STORES[store] });
  };
  await done(opening, "success");
  const request = act(opening.result.transaction(name, "readwrite").objectStore(name));
  await done(request, "success");
  opening.result.close();
  return request.result;
}

const done = (request, success) =>
  new Promise((resolve, reject) => {
    request.addEventListener(success, resolve);
    request.addEventListener("error", () => reject(request.error));
  });
