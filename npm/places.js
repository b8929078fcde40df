// Where the rows of one memory stand: in the database that never waits, in the one that waits for the disk, or in both.

import { COUNT, has, listOf } from "./frames.js";

/** The `seq` of the row that says which rows are done with: no message's. */
const SETTLED = 0;

/** The rows of a memory, by `seq`: those that came later have higher ones. */
export class Places {
  /** In the database that never waits. */
  fresh = new Set();
  /** In the database that waits for the disk: what has a number, or had one; which, as soon as it is on the disk. */
  stored = new Map();

  /** What is done with, should its fresh row come back after a power cut: all up to `#floor`, and those `#above`. */
  #floor = 0;
  #above = new Set();

  /**
   * Takes what was read in the two databases, and what was `noted` on its way there. Returns the rows of messages, each
   * once, and the fresh ones that came back; `isDone` knows others.
   */
  find(fresh, stored, noted, isDone) {
    const [first] = stored;
    if (isSettled(first)) {
      stored.shift();
      this.#floor = Math.max(this.#floor, first.floor);
      for (const seq of first.above) this.#above.add(seq);
    }
    const isBack = (row) => (row.seq > 0 && row.seq <= this.#floor) || this.#above.has(row.seq) || isDone(row);
    for (const { seq, number } of stored) this.stored.set(seq, number);
    for (const { seq } of fresh) this.fresh.add(seq);
    // Without its commit a number means nothing.
    const isUnstored = (row) => !isBack(row) && !this.stored.has(row.seq);
    const others = fresh.filter(isUnstored).map((row) => ({ ...row, number: 0 }));
    const lost = noted.filter((row) => isUnstored(row) && !this.fresh.has(row.seq));
    return [[...stored, ...others, ...lost], fresh.filter(isBack)];
  }

  /** A row is done with, and stood in both. */
  settle(seq) {
    this.#above.add(seq);
  }

  /** The row that says what is done with. */
  settled(memory) {
    const last = highest(this.#above, this.#floor);
    const unstored = [...this.fresh].filter((seq) => !this.stored.has(seq));
    this.#floor = unstored.reduce((first, seq) => Math.min(first, seq), last + 1) - 1;
    for (const seq of this.#above) if (seq <= this.#floor) this.#above.delete(seq);
    return { memory, seq: SETTLED, floor: this.#floor, above: [...this.#above] };
  }

  /** The highest `seq` that is or was taken, as far as it is known. */
  get last() {
    return highest([...this.#above, ...this.fresh, ...this.stored.keys()], this.#floor);
  }
}

/** Whether there is room for more behind: far more than there will be. */
export const isSeq = (given) => COUNT(given) && given < 2 ** 52;

const highest = (seqs, floor) => [...seqs].filter(isSeq).reduce((last, seq) => Math.max(last, seq), floor);

const isSettled = has({ seq: (given) => given === SETTLED, floor: isSeq, above: listOf(COUNT) });
