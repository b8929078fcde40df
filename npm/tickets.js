// Promises that wait for something which the engine tells by a number, their ticket.

import { nextNumber } from "./payloads.js";

/** What makes them is to say how an `error` is made and what it means to `withdraw` a ticket. */
export class Tickets {
  #tickets = new Map();

  /**
   * Calls `start` with a new ticket and waits until it is settled: by `resolve` or `reject`, when
   * `signal` aborts, or after `timeout`. `patient`: being given up with does not end it.
   */
  promise(start, { signal, timeout, patient } = {}) {
    const ticket = nextNumber();
    const abort = () => this.withdraw(ticket, this.error("ABORTED", "aborted", signal.reason));
    const expire = () => this.withdraw(ticket, this.error("TIMEOUT", `not within ${timeout} ms`));
    const timer = timeout <= LONGEST_DELAY && setTimeout(expire, timeout);
    signal?.addEventListener("abort", abort);
    return new Promise((resolve, reject) => {
      this.#tickets.set(ticket, { resolve, reject, patient });
      try {
        if (signal?.aborted) abort();
        else start(ticket);
      } catch (error) {
        this.reject(ticket, error);
      }
    }).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    });
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

/** A longer setTimeout rings at once. */
export const LONGEST_DELAY = 2 ** 31 - 1;
