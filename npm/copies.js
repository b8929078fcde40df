// The local copy of a client's state: what a hidden page had, should it not be seen again.

import { allOf } from "./database.js";
import { absentOr, COUNT, has, listOf, TEXT } from "./frames.js";
import { measure } from "./measure.js";
import { isOld, namesOf, read, remove, write } from "./notes.js";
import { isObject } from "./options.js";

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
    this.#place = place;
    const { name, key } = place;
    const rows = await this.#do((store) => store.getAll(allOf(name)));
    const found = noted(place);
    for (const row of rows?.result ?? []) {
      if (isOld(row.savedAt)) this.#do((store) => store.delete([name, row.key]));
      else if (row.key === key) found.push(row);
    }
    this.#take(found.filter(Boolean));
  }

  /** Stores a copy, in the task that calls it. */
  keep(copy, capture) {
    this.copy = copy;
    this.#capture = capture;
    write(nameOf(this.#place), copy);
    this.#do((store) => store.put({ ...copy, ...this.#place }));
  }

  /** Of this capture on there is this version: a later one goes on from it, an earlier one is of no use. */
  saved(capture, version) {
    if (!this.copy) return;
    if (this.#capture > capture) this.keep({ ...this.copy, base: version, next: undefined }, this.#capture);
    else this.drop();
  }

  drop() {
    if (!this.copy) return;
    this.copy = null;
    this.#remove();
  }

  /** The newest of those that can be read. */
  #take(found) {
    const [copy = null] = found.filter(isCopy).sort((a, b) => b.savedAt - a.savedAt);
    if (!found.every(isCopy)) {
      this.#remove();
      this.#host.blame("STORAGE", "a local copy of the state", new TypeError("it cannot be read"));
    }
    if (copy) this.keep(copy, 0);
  }

  #remove() {
    const { name, key } = this.#place;
    remove([nameOf(this.#place)]);
    this.#do((store) => store.delete([name, key]));
  }

  async #do(act) {
    if (this.#host.isUnstored) return;
    const asked = this.#host.database.transact([STORE], (transaction) => {
      const request = act(transaction.objectStore(STORE));
      transaction.commit();
      return request;
    });
    return asked.catch((error) => error && this.#host.unstored(error));
  }
}

/**
 * The same copies in localStorage, which is written before a page is gone: WebKit drops what a tab that closes asks of
 * IndexedDB in pagehide. Where there is none, or no room, the other copy has to do.
 */
function noted(place) {
  remove(namesOf(NOTES).filter((name) => isOld(read(name).savedAt)));
  return namesOf(NOTES)
    .filter((name) => name === nameOf(place))
    .map((name) => read(name));
}

const NOTES = "steadfast:copy:";
const nameOf = ({ name, key }) => `${NOTES}${name}:${key}`;

const isPosition = (given) => listOf(COUNT)(given) && given.length === 2;

/** Whether all is there: anything may stand in what pages can write to. */
const isCopy = has({
  text: TEXT,
  check: (given, { text }) => given === measure(text).check,
  base: COUNT,
  savedAt: COUNT,
  user: absentOr(TEXT),
  positions: absentOr((given) => isObject(given) && Object.values(given).every(isPosition)),
});
