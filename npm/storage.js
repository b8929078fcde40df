// Where a session's id, token and claim live, and who may use them: one client at a time.

import { allOf, openDatabase, settled } from "./database.js";
import { isWord, NUMBER } from "./frames.js";
import { randomId } from "./host.js";
import { isOld, TAB, trustedNow } from "./notes.js";

/** How long a page waits for its own session, which the page before it may still hold, and for clients that let go. */
const PATIENCE_MS = 2_000;
/** How long the browser may take to say whether a lock is free. */
const ANSWER_MS = 5_000;
/** The claim is never raised by more than 2 to this power. */
const LAST_STEP = 16;

/**
 * The session that one client uses: the record of a *memory*, which has a name of its own, since it may be there before
 * a server gives the session an id. `kind`: the option `storage`. `failed` is called with the reason when nothing can be
 * stored; from then on the session lives in memory, until storage is `mended`.
 */
export class Keeper {
  /** `name` and `memory`, the last `claim`, and once there is a session its `id` and `token`. */
  row = newRow({ claim: 0 });

  #rows;
  #failed;
  #isBroken = false;
  /** From `acquire` to `release`. */
  #turn = null;
  #work = Promise.resolve();
  #letGo = null;
  /** How often the claim was raised since the last welcome. */
  #raised = 0;

  constructor(kind, failed) {
    this.#rows = { browser: inDatabase, tab: inTab }[kind];
    this.#failed = failed;
  }

  /** Until `row` is this client's alone: the one it had, a stored one of this address that is free, or a new one. */
  acquire(url) {
    this.row.name ??= url.split("?")[0];
    this.#turn ??= {};
    const turn = this.#turn;
    turn.acquired ??= this.#do((rows) => this.#choose(rows, turn));
    return turn.acquired;
  }

  /** Raises the claim, until it is stored: by more each time that no welcome follows, for storage may have gone back. */
  raise() {
    this.row.claim += 2 ** Math.min(this.#raised++, LAST_STEP);
    return this.#save();
  }

  /** What a welcome says of the session. With the fate "user" the one before belongs to somebody else. */
  renew({ session: id, token }, fate) {
    this.#raised = 0;
    if (fate === "user") {
      this.#free();
      this.#begin();
    }
    Object.assign(this.row, { id, token });
    this.#save();
  }

  /** The session is over: nobody finds it any more. */
  forget() {
    const { row } = this;
    this.#do((rows) => row.id && rows(row, REMOVE));
    this.release();
  }

  /** Somebody else has it: the next is another. */
  abandon() {
    this.forget();
    this.row = newRow(this.row);
  }

  /** Lets another client have it, once all that is to be stored is. */
  release() {
    this.#turn = null;
    this.#free();
  }

  /** Storage works again. */
  mended() {
    this.#isBroken = false;
    if (this.#letGo) this.#save();
  }

  #save() {
    this.row.at = trustedNow();
    return this.#do((rows) => this.row.id && rows(this.row, STORE));
  }

  /** A memory that nobody had yet. */
  #begin() {
    const turn = this.#turn;
    this.row = newRow(this.row);
    this.#do(async () => this.#use(await hold(this.row), turn));
  }

  /** Keeps the lock, unless it is not wanted any more. */
  #use(letGo, turn) {
    if (turn !== this.#turn) return letGo?.();
    this.#letGo = letGo;
    TAB?.setItem(keyOf({ name: this.row.name }), this.row.memory);
  }

  /** Lets go of the lock when all is stored. */
  #free() {
    const { name } = this.row;
    const done = this.#letGo?.(this.#work) ?? this.#work;
    freed[name] = Promise.all([freed[name], done]).then(() => {});
    this.#letGo = null;
  }

  async #choose(rows, turn) {
    // It would wait for itself.
    if (turn !== this.#turn) return;
    const { row } = this;
    const patience = new Promise((over) => {
      AbortSignal.timeout(PATIENCE_MS).onabort = over;
    });
    await Promise.race([freed[row.name], patience]);
    const own = row.id ? row.memory : TAB?.getItem(keyOf({ name: row.name }));
    const found = row.id ? [row] : await rows(row);
    found.sort((a, b) => (b.memory === own) - (a.memory === own) || b.at - a.at);
    for (const other of found) {
      if (turn !== this.#turn) return;
      const letGo = await hold(other, other.memory === own);
      if (!letGo) continue;
      // Who held it until now may have used it, or ended it.
      const stored = (await rows(row)).find(({ memory }) => memory === other.memory) ?? (row.id && row);
      if (isGood(stored)) {
        if (turn === this.#turn) this.row = stored;
        return this.#use(letGo, turn);
      }
      await rows(other, REMOVE);
      letGo();
    }
    if (turn === this.#turn) this.#begin();
  }

  /** One after the other, and not at all while it fails. */
  #do(work) {
    this.#work = this.#work
      .then(() => this.#rows && !this.#isBroken && work(this.#rows))
      .catch((error) => {
        // WebKit names no error when a page goes into its cache.
        if (!error) return;
        this.#isBroken = true;
        this.#failed(error);
      });
    return this.#work;
  }
}

/** A record that nobody has stored yet, in the place of another one. */
const newRow = ({ name, claim }) => ({ name, memory: randomId(), claim });

/** Whether a record can be used: no server knows one that is too old, and anything may stand in what pages can write to. */
const isGood = (row) => NUMBER(row?.claim + 1) && !isOld(row.at) && isWord(row.id) && isWord(row.token);

/** What this page or worker holds itself: waiting for it would be in vain. */
const heldHere = new Set();

/** By name, settled when all is free that clients of this page or worker have let go of: the next ones wait for that. */
const freed = {};

/**
 * The function that lets go of the lock of a memory when what it is called with is settled, and says when it is free;
 * or undefined when somebody else has it.
 */
function hold(row, isOwn) {
  const key = keyOf(row);
  const signal = isOwn && !heldHere.has(key) ? AbortSignal.timeout(PATIENCE_MS) : undefined;
  return new Promise((done, fail) => {
    const late = AbortSignal.timeout(ANSWER_MS);
    late.onabort = () => fail(late.reason);
    const whileHeld = (lock) =>
      new Promise((letGo) => {
        if (!lock || late.aborted) return done(letGo());
        late.onabort = null;
        heldHere.add(key);
        done((work) => {
          heldHere.delete(key);
          letGo(work);
          return over;
        });
      });
    const over = navigator.locks
      .request(key, signal ? { signal } : { ifAvailable: true }, whileHeld)
      .catch((error) => (signal?.aborted ? done() : fail(error)));
  });
}

/** A memory's lock and record; without the memory where a tab remembers it. */
export const keyOf = ({ name, memory = "" }) => `steadfast:${name}:${memory}`;

/** Changes of a record, as the database calls them. */
const STORE = "put";
const REMOVE = "delete";

// The records of a storage: all of the name of `row`, or with a `change` that one stored or removed.

async function inTab(row, change) {
  const key = keyOf(row);
  if (change === STORE) TAB.setItem(key, JSON.stringify(row));
  else if (change) TAB.removeItem(key);
  else {
    const own = keyOf({ name: row.name });
    // What follows the name is a memory: 32 digits.
    const keys = Object.keys(TAB).filter((other) => other.slice(0, -32) === own);
    return keys.map((other) => JSON.parse(TAB[other]));
  }
}

/** Resolves when it is on the disk: a claim that was lost would shut the next page out. */
async function inDatabase(row, change) {
  const database = await openDatabase();
  try {
    const transaction = database.transaction("sessions", "readwrite", { durability: "strict" });
    const store = transaction.objectStore("sessions");
    const request = change
      ? store[change](change === STORE ? row : [row.name, row.memory])
      : store.getAll(allOf(row.name));
    transaction.commit();
    await settled(transaction, "oncomplete");
    return request.result;
  } finally {
    database.close();
  }
}
