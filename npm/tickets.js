// Promises that wait for something which the engine tells by a number, their ticket.

import { SteadfastError } from "./error.js";
import { nextNumber } from "./payloads.js";

/** What makes them is to say how an `error` is made and what it means to `withdraw` a ticket. */
export class Tickets {
  #tickets = new Map();

  /**
   * Calls `start` with a new ticket and waits until it is settled: by `resolve` or `reject`, when
   * `signal` aborts, or after `timeout`. `patient`: being given up with does not end it.
   */
  promise(start, how = {}) {
    const ticket = nextNumber();
    const settled = new Promise((resolve, reject) => {
      this.#tickets.set(ticket, { resolve, reject, patient: how.patient });
      try {
        if (!how.signal?.aborted) start(ticket);
      } catch (error) {
        this.reject(ticket, error);
      }
    });
    return within(settled, how, (...why) => this.withdraw(ticket, this.error(...why), how));
  }

  resolve(ticket, value) {
    this.#tickets.get(ticket)?.resolve(value);
    this.#tickets.delete(ticket);
  }

  reject(ticket, error) {
    this.#tickets.get(ticket)?.reject(error);
    this.#tickets.delete(ticket);
  }

  /** Gives all up; the patient ones only when the client is closed. */
  rejectAll(error, patient) {
    for (const [ticket, waiting] of this.#tickets) {
      if (patient || !waiting.patient) this.reject(ticket, error);
    }
  }
}

/**
 * What `promise` gives, unless `signal` aborts or `timeout` milliseconds are over before: then `giveUp`, given an error's
 * code, message and cause, makes it reject; without one what is returned rejects.
 */
export function within(promise, { signal, timeout }, giveUp) {
  let timer;
  let abort;
  const over = new Promise((_, reject) => {
    giveUp ??= (code, message, cause) => reject(new SteadfastError(code, message, "", cause));
    abort = () => giveUp("ABORTED", "aborted", signal.reason);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    if (timeout <= LONGEST_DELAY) timer = setTimeout(giveUp, timeout, "TIMEOUT", `not within ${timeout} ms`);
  });
  return Promise.race([over, promise]).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  });
}

/** A longer setTimeout rings at once. */
export const LONGEST_DELAY = 2 ** 31 - 1;
