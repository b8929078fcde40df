// The local copy of a client's state: what a hidden page had, should it not be seen again.

import { allOf } from "./database.js";
import { measure } from "./measure.js";
import { isObject } from "./options.js";

/** What was not used for so long is of no use any more. */
const KEPT_MS = 30 * 86_400_000;
const STORE = "snapshots";

/** The copy of one client's state, in IndexedDB. */
export class Copies {
  /** What there is: `text`, its `check`, the `base` it goes on from, `user`, `positions` and `savedAt`. */
  copy = null;

  #host;
  /** The number of the capture that it is of; 0 for one of an earlier page. */
  #capture = 0;
  #place;

  constructor(host) {
    this.#host = host;
  }

  /** Reads the copy in this place, name and key. */
  async find(place) {
    const { database } = this.#host;
    this.#place = place;
    const { name, key } = place;
    await database.open(STORE);
    const rows = await this.#do((store) => store.getAll(allOf(name)));
    for (const row of rows?.result ?? []) {
      if (row.savedAt < Date.now() - KEPT_MS) this.#do((store) => store.delete([name, row.key]));
      else if (row.key === key) this.#read(row);
    }
  }

  /** Stores a copy, in the task that calls it. */
  keep(copy, capture) {
    this.copy = copy;
    this.#capture = capture;
    this.#do((store) => store.put({ ...copy, ...this.#place }));
  }

  /** Of this capture on there is this version: a later one goes on from it, an earlier one is of no use. */
  saved(capture, version) {
    if (!this.copy) return;
    if (this.#capture > capture) this.keep({ ...this.copy, base: version, next: undefined }, this.#capture);
    else this.drop();
  }

  drop() {
    const { name, key } = this.#place ?? {};
    if (!this.copy) return;
    this.copy = null;
    this.#do((store) => store.delete([name, key]));
  }

  #read(row) {
    if (isCopy(row)) this.copy = row;
    else {
      this.copy = row;
      this.drop();
      this.#host.blame("STORAGE", "the local copy of the state", new TypeError("it cannot be read"));
    }
  }

  #do(act) {
    return this.#host.database.transact([STORE], "relaxed", (transaction) => act(transaction.objectStore(STORE)));
  }
}

/** Whether all is there: anything may stand in what pages can write to. */
function isCopy({ base, user, text, check, positions, savedAt }) {
  const isText = (given) => typeof given === "string";
  return (
    isText(text) &&
    measure(text).check === check &&
    [base, savedAt].every(isCount) &&
    (user === undefined || isText(user)) &&
    (positions === undefined || arePositions(positions))
  );
}

const arePositions = (given) =>
  isObject(given) &&
  Object.values(given).every((position) => Array.isArray(position) && position.length === 2 && position.every(isCount));

const isCount = (given) => Number.isSafeInteger(given) && given >= 0;
