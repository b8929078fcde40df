// Who listens to what.

import { refuse, suggest } from "./options.js";

export const EVENTS = (
  "statechange open message disconnect reconnected reconnecting failed close error " +
  "heartbeat health queue dropped gap snapshot restored storage"
).split(" ");

/** The listeners of one client. Listeners may add, remove and throw while they are called. */
export class Listeners {
  #entries = [];
  #changed;

  /** `changed` is called when anybody came or went. */
  constructor(changed) {
    this.#changed = changed;
  }

  /**
   * Adds `listener` for `event`, once only; `internal` ones stay when `off` names no listener.
   * Returns how to remove it.
   */
  add(event, listener, { once, signal, internal }) {
    checkName(event);
    if (typeof listener !== "function") refuse("listener", listener, "a function");
    const same = this.#entries.find((entry) => entry.event === event && entry.listener === listener);
    const entry = same ?? { event, listener, once, internal };
    const remove = () => this.#keep((other) => other !== entry);
    if (same || signal?.aborted) return remove;
    signal?.addEventListener("abort", remove);
    entry.forget = () => signal?.removeEventListener("abort", remove);
    this.#entries = [...this.#entries, entry];
    this.#changed();
    return remove;
  }

  /** Removes one listener of an event, all of one, or all. */
  remove(event, listener) {
    if (event !== undefined) checkName(event);
    this.#keep(
      (entry) =>
        (event !== undefined && entry.event !== event) || (listener ? entry.listener !== listener : entry.internal),
    );
  }

  /** Removes all, internal ones as well. */
  clear() {
    this.#keep(() => false);
  }

  has(event) {
    return this.#entries.some((entry) => entry.event === event);
  }

  /**
   * Calls those that listen to `event` now, and still do when their turn comes. For each: true, or
   * the promise of an internal one that is not done with it.
   */
  emit(event, detail) {
    const done = [];
    for (const entry of this.#entries) {
      if (entry.event !== event || !this.#entries.includes(entry)) continue;
      if (entry.once) this.#keep((other) => other !== entry);
      let result;
      try {
        result = entry.listener(detail);
      } catch (error) {
        report(error);
      }
      done.push((entry.internal && result) || true);
    }
    return done;
  }

  #keep(wanted) {
    this.#entries = this.#entries.filter((entry) => wanted(entry) || entry.forget());
    this.#changed();
  }
}

function checkName(event) {
  if (EVENTS.includes(event)) return;
  const meant = String(event)
    .replace(/^connect(ed)?$/, "open")
    .replace("data", "message");
  refuse("event", event, suggest(meant, EVENTS));
}

/** Reports what an application's function threw as the platform reports it, and disturbs nothing. */
export const report =
  globalThis.reportError ??
  ((error) =>
    queueMicrotask(() => {
      throw error;
    }));
