// The platform's clocks and timers as a test moves them.

import { settled } from "./test.js";

/** Stands in for both clocks, for timers and for signals that time out, until the case ends. */
export class Clocks {
  // A whole one: what falls due after so many is due then, and not one later.
  #now = Math.ceil(performance.now());
  #wall = Date.now();
  #timers = new Map();
  #lastTimer = 0;

  constructor(lab) {
    const { AbortSignal } = globalThis;
    lab.replace(performance, "now", () => this.#now);
    lab.replace(Date, "now", () => this.#wall);
    lab.replace(globalThis, "setTimeout", (work, delay = 0) => {
      this.#timers.set(++this.#lastTimer, { work, at: this.#now + delay });
      return this.#lastTimer;
    });
    lab.replace(globalThis, "clearTimeout", (id) => this.#timers.delete(id));
    lab.replace(AbortSignal, "timeout", (delay) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new DOMException("late", "TimeoutError")), delay);
      return controller.signal;
    });
  }

  /** How many timers run. */
  get timers() {
    return this.#timers.size;
  }

  /** Time passes: timers ring when they are due, and what follows from each has happened before the next. */
  async pass(ms) {
    const end = this.#now + ms;
    for (let next = this.#due(end); next; next = this.#due(end)) {
      const [id, { work, at }] = next;
      this.#timers.delete(id);
      this.#move(Math.max(at - this.#now, 0));
      work();
      await settled();
    }
    this.#move(end - this.#now);
  }

  /** The machine sleeps as on macOS and Linux: only the wall clock shows it, and no event tells. */
  sleep(ms) {
    this.#wall += ms;
  }

  #move(ms) {
    this.#now += ms;
    this.#wall += ms;
  }

  /** The timer that rings first, by `end`. */
  #due(end) {
    const due = [...this.#timers].filter(([, { at }]) => at <= end);
    return due.sort(([, a], [, b]) => a.at - b.at)[0];
  }
}
