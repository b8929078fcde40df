// What is stored on the platform: records of sessions, rows of messages, and locks.

/** The records under this name, by session; a stash that has become a session's memory counts once. */
export const storedRows = async (name) =>
  united(await inStore("stashes", (store) => store.getAll()), await inStore("sessions", (store) => store.getAll()))
    .filter((row) => row.name === name)
    .sort((a, b) => (a.id < b.id ? -1 : 1));

/** The records under this name, as soon as `isSo` of them. */
export const rowsWhen = (name, isSo) => when(() => storedRows(name), isSo);

/** Puts a record there as another page would have. Its memory is called as its session. */
export const putRow = (row) =>
  inStore("sessions", (store) => store.put({ memory: row.id, at: Date.now(), claim: 1, ...row }));

/** The messages of a memory, in the order of their rows: as they were sent, or with their numbers. */
export const storedMessages = async (memory) => {
  const all = (store) => store.getAll(IDBKeyRange.bound([memory], [memory, []]));
  const fresh = await inStore("fresh", all);
  const [settled, ...stored] = await inStore("messages", all).then((rows) =>
    rows[0]?.seq === 0 ? rows : [{}, ...rows],
  );
  const isBack = ({ seq }) => seq <= settled.floor || settled.above?.includes(seq);
  return united(
    fresh.filter((row) => !isBack(row)),
    stored,
  ).sort((a, b) => a.seq - b.seq);
};

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

const DATABASES = {
  steadfast: { sessions: ["name", "memory"], messages: ["memory", "seq"] },
  "steadfast-fresh": { stashes: ["name", "memory"], fresh: ["memory", "seq"], snapshots: ["name", "key"] },
};

export async function inStore(name, act) {
  const [[database, stores]] = Object.entries(DATABASES).filter(([, stores]) => name in stores);
  const opening = indexedDB.open(database, 1);
  opening.onupgradeneeded = () => {
    for (const store in stores) opening.result.createObjectStore(store, { keyPath: stores[store] });
  };
  await done(opening, "success");
  const request = act(opening.result.transaction(name, "readwrite").objectStore(name));
  await done(request, "success");
  opening.result.close();
  return request.result;
}

/** Of what stands in both, the second. */
const united = (fresh, stored) => {
  const nameOf = ({ memory, seq = "" }) => `${memory}/${seq}`;
  return [...new Map([...fresh, ...stored].map((row) => [nameOf(row), row])).values()];
};

const done = (request, success) =>
  new Promise((resolve, reject) => {
    request.addEventListener(success, resolve);
    request.addEventListener("error", () => reject(request.error));
  });
