// What is stored on the platform: rows of sessions and their locks.

/** The rows under this name, by session. */
export async function storedRows(name) {
  const rows = await transact("readonly", (store) => store.getAll());
  return rows.filter((row) => row.name === name).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The rows under this name, as soon as `isSo` of them. */
export async function rowsWhen(name, isSo) {
  for (;;) {
    const rows = await storedRows(name);
    if (isSo(rows)) return rows;
  }
}

/** Puts a row there as another page would have. */
export const putRow = (row) => transact("readwrite", (store) => store.put({ at: Date.now(), claim: 1, ...row }));

/** Takes a session's lock as another page would. Resolves, when it is held, with the function that lets go. */
export const holdLock = (name, id) =>
  new Promise((held) => {
    navigator.locks.request(`steadfast:${name}:${id}`, () => new Promise((letGo) => held(letGo)));
  });

async function transact(mode, act) {
  const opening = indexedDB.open("steadfast", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("sessions", { keyPath: ["name", "id"] });
  await done(opening, "success");
  const request = act(opening.result.transaction("sessions", mode).objectStore("sessions"));
  await done(request, "success");
  opening.result.close();
  return request.result;
}

const done = (request, success) =>
  new Promise((resolve, reject) => {
    request.addEventListener(success, resolve);
    request.addEventListener("error", () => reject(request.error));
  });
