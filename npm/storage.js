// Where a session's id, token and claim live, and who may use them: one client at a time.

/** How long a page waits for its own session, which the page before it may still hold. */
const PATIENCE_MS = 2_000;
/** What was not used for so long is known to no server any more. */
const KEPT_MS = 30 * 86_400_000;

/**
 * The session that one client uses. `kind`: the option `storage`. `failed` is called with the
 * reason when nothing can be stored; from then on the session lives in memory.
 */
export class Keeper {
  /** The `id` and `token` of the session, once there is one, and the last `claim`. */
  row = { claim: 0 };

  #rows;
  #failed;
  #work = Promise.resolve();
  /** From `acquire` to `release`. */
  #turn = null;
  #letGo = null;

  constructor(kind, failed) {
    this.#rows = { browser: inDatabase, tab: inTab }[kind];
    this.#failed = failed;
  }

  /** Until `row` is this client's alone: the session it had, a stored one of this address that is free, or a new one. */
  acquire(url) {
    this.row.name ??= url.split("?")[0];
    this.#turn ??= {};
    const turn = this.#turn;
    turn.acquired ??= this.#do((rows) => this.#choose(rows, turn));
    return turn.acquired;
  }

  /** Raises the claim, until it is stored. */
  raise() {
    this.row.claim++;
    return this.#save();
  }

  /** The session has this token from now on. `keep`: the one before belongs to somebody else. */
  renew(id, token, keep) {
    const before = this.row;
    this.row = { ...before, id, token };
    if (id === before.id) return this.#save();
    const turn = this.#turn;
    this.#do(async (rows) => {
      if (before.id && !keep) await rows(before, REMOVE);
      this.#letGo?.();
      this.#use(await hold(this.row), turn);
    });
    return this.#save();
  }

  /** The session is over: nobody finds it any more. */
  forget() {
    const { row } = this;
    this.#turn = null;
    this.#do((rows) => row.id && rows(row, REMOVE)).then(() => this.release());
  }

  /** Somebody else has it: the next is another. */
  abandon() {
    this.release();
    this.row = { name: this.row.name, claim: 0 };
  }

  /** Lets another client have it, once all that is to be stored is. */
  release() {
    const letGo = this.#letGo;
    this.#turn = this.#letGo = null;
    if (letGo) this.#work.then(letGo);
  }

  async #choose(rows, turn) {
    const { name, id, claim } = this.row;
    const own = id ?? TAB?.getItem(keyOf(name));
    const found = id ? [this.row] : await rows(this.row);
    found.sort((a, b) => (b.id === own) - (a.id === own) || b.at - a.at);
    for (const row of found) {
      const letGo = await hold(row, row.id === own);
      if (!letGo) continue;
      // Who held it until now may have used it, or ended it.
      const current = (await rows(row)).find((other) => other.id === row.id) ?? (id && row);
      if (isGood(current)) {
        if (turn === this.#turn) this.row = current;
        return this.#use(letGo, turn);
      }
      await rows(row, REMOVE);
      letGo();
    }
    if (turn === this.#turn) this.row = { name, claim };
  }

  /** Keeps the lock, unless it is not wanted any more. */
  #use(letGo, turn) {
    if (turn !== this.#turn) return letGo?.();
    this.#letGo = letGo;
    TAB?.setItem(keyOf(this.row.name), this.row.id);
  }

  #save() {
    this.row.at = Date.now();
    return this.#do((rows) => this.row.id && rows(this.row, STORE));
  }

  /** One after the other, and not at all once it has failed. */
  #do(work) {
    this.#work = this.#work
      .then(() => this.#rows && work(this.#rows))
      .catch((error) => {
        this.#rows = null;
        this.#failed(error);
      });
    return this.#work;
  }
}

/** Whether a row can be used: it is not too old, and anything may stand in what pages can write to. */
const isGood = (row) =>
  typeof row?.token === "string" && Number.isSafeInteger(row.claim) && !(row.at < Date.now() - KEPT_MS);

/** What this page or worker holds itself: waiting for it would be in vain. */
const heldHere = new Set();

/** The function that lets go of the lock of a session, or undefined when somebody else has it. */
function hold({ name, id }, isOwn) {
  const key = keyOf(name, id);
  const signal = isOwn && !heldHere.has(key) ? AbortSignal.timeout(PATIENCE_MS) : undefined;
  return new Promise((done, fail) => {
    const whileHeld = (lock) =>
      new Promise((letGo) => {
        if (!lock) return done(letGo());
        heldHere.add(key);
        done(() => letGo(heldHere.delete(key)));
      });
    navigator.locks
      .request(key, signal ? { signal } : { ifAvailable: true }, whileHeld)
      .catch((error) => (signal?.aborted ? done() : fail(error)));
  });
}

/** A session's lock and row; without an id where a tab remembers the id. */
const keyOf = (name, id = "") => `steadfast:${name}:${id}`;

/** Undefined in workers and where it is forbidden. */
const TAB = (() => {
  try {
    return globalThis.sessionStorage;
  } catch {}
})();

/** Changes of a row, as the database calls them. */
const STORE = "put";
const REMOVE = "delete";

// The rows of a storage: all of the name of `row`, or with a `change` that row stored or removed.

async function inTab(row, change) {
  const key = keyOf(row.name, row.id);
  if (change === STORE) TAB.setItem(key, JSON.stringify(row));
  else if (change) TAB.removeItem(key);
  else {
    const own = keyOf(row.name);
    const keys = Object.keys(TAB).filter((other) => other !== own && other.replace(/[^:]*$/, "") === own);
    return keys.map((other) => JSON.parse(TAB[other]));
  }
}

/** Resolves when it is on the disk: a claim that was lost would shut the next page out. */
async function inDatabase(row, change) {
  const opening = indexedDB.open("steadfast", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("sessions", { keyPath: ["name", "id"] });
  await settled(opening, "onsuccess");
  const database = opening.result;
  try {
    const transaction = database.transaction("sessions", "readwrite", { durability: "strict" });
    const store = transaction.objectStore("sessions");
    const request = change
      ? store[change](change === STORE ? row : [row.name, row.id])
      : store.getAll(IDBKeyRange.bound([row.name], [row.name, []]));
    transaction.commit();
    await settled(transaction, "oncomplete");
    return request.result;
  } finally {
    database.close();
  }
}

const settled = (source, success) =>
  new Promise((resolve, reject) => {
    source[success] = resolve;
    source.onerror = source.onabort = () => reject(source.error);
  });
