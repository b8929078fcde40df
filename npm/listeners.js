// Who listens to what.

import { nearest, refuse } from "./options.js";

export const EVENTS = (
  "statechange open message disconnect reconnecting reconnected failed close error " +
  "heartbeat health queue dropped gap"
).split(" ");

/** The listeners of one client. Listeners may add, remove and throw while they are called. */
export class Listeners {
  #lists = new Map();

  /** Adds `listener`, once only; `internal` ones are not removed by `off` without a listener. */
  add(event, listener, { once = false, signal, internal = false } = {}) {
    const list = this.#listOf(event);
    if (typeof listener !== "function") refuse("listener", listener, "a function");
    const remove = () => this.#remove(event, (entry) => entry.listener === listener);
    if (signal?.aborted || list.some((entry) => entry.listener === listener)) return remove;
    const entry = { listener, once, internal };
    if (signal) {
      const abort = () => this.#remove(event, (other) => other === entry);
      signal.addEventListener("abort", abort);
      entry.forget = () => signal.removeEventListener("abort", abort);
    }
    this.#lists.set(event, [...list, entry]);
    return remove;
  }

  /** Removes one listener, those of one event, or all. */
  remove(event, listener) {
    if (event !== undefined) this.#listOf(event);
    for (const name of event === undefined ? EVENTS : [event]) {
      this.#remove(name, (entry) => (listener ? entry.listener === listener : !entry.internal));
    }
  }

  /** Removes all, internal ones as well. */
  clear() {
    for (const event of EVENTS) this.#remove(event, () => true);
  }

  has(event) {
    return this.#lists.has(event);
  }

  /** Calls those that listen to `event` now, and still do when their turn comes. */
  emit(event, detail) {
    for (const entry of this.#lists.get(event) ?? []) {
      if (!this.#lists.get(event)?.includes(entry)) continue;
      if (entry.once) this.#remove(event, (other) => other === entry);
      try {
        entry.listener(detail);
      } catch (error) {
        report(error);
      }
    }
  }

  #listOf(event) {
    if (!EVENTS.includes(event)) {
      const meant = typeof event === "string" ? nearest(event, EVENTS) : undefined;
      refuse("event", event, `${meant ? `did you mean "${meant}"? ` : ""}${EVENTS.join(", ")}`);
    }
    return this.#lists.get(event) ?? [];
  }

  #remove(event, matches) {
    const list = this.#lists.get(event);
    if (!list) return;
    const kept = list.filter((entry) => !matches(entry));
    for (const entry of list) if (!kept.includes(entry)) entry.forget?.();
    if (kept.length) this.#lists.set(event, kept);
    else this.#lists.delete(event);
  }
}

/** Reports what an application's function threw as the platform reports it, and disturbs nothing. */
export function report(error) {
  if (typeof reportError === "function") reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
