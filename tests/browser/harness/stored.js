// What is stored on the platform: records of sessions, rows of messages, and locks.

/** The records under this name, by session. */
export const storedRows = async (name) =>
  (await inStore("sessions", (store) => store.getAll()))
    .filter((row) => row.name === name)
    .sort((a, b) => (a.id < b.id ? -1 : 1));

/** The records under this name, as soon as `isSo` of them. */
export const rowsWhen = (name, isSo) => when(() => storedRows(name), isSo);

/** Puts a record there as another page would have. Its memory is called as its session. */
export const putRow = (row) =>
  inStore("sessions", (store) => store.put({ memory: row.id, at: Date.now(), claim: 1, ...row }));

/** The messages of a memory, in the order of their rows. */
export const storedMessages = (memory) =>
  inStore("messages", (store) => store.getAll(IDBKeyRange.bound([memory], [memory, []])));

/** The messages of a memory, as soon as `isSo` of them. */
export const messagesWhen = (memory, isSo) => when(() => storedMessages(memory), isSo);

/** Puts a message there as another page would have. */
export const putMessage = (row) =>
  inStore("messages", (store) => store.put({ number: 0, priority: "normal", at: Date.now(), ...row }));

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

async function inStore(name, act) {
  const opening = indexedDB.open("steadfast", 2);
  opening.onupgradeneeded = () => {
    const { result } = opening;
    result.createObjectStore("sessions", { keyPath: ["name", "memory"] });
    result.createObjectStore("messages", { keyPath: ["memory", "seq"] });
    result.createObjectStore("snapshots", { keyPath: ["name", "key"] });
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
