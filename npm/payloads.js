// Payloads stay here under a number while the engine decides about them.

import { freeze } from "./payload.js";

/** The payloads of one client. */
export class Payloads {
  #payloads = new Map();
  #keys = new Map();

  /** The number under which `payload` is kept. */
  keep(payload) {
    const number = nextNumber();
    this.#payloads.set(number, payload);
    return number;
  }

  get(number) {
    return this.#payloads.get(number);
  }

  take(number) {
    const payload = this.#payloads.get(number);
    this.#payloads.delete(number);
    if (!this.#payloads.size) this.#keys.clear();
    return payload;
  }

  /** As `take`, but the value that the application gave. */
  takeOriginal(number) {
    const payload = this.take(number);
    return payload instanceof Held ? payload.value : payload;
  }

  /** A number for each key, until nothing is kept any more. */
  numberOfKey(key) {
    const number = this.#keys.get(key) ?? this.#keys.size;
    this.#keys.set(key, number);
    return number;
  }
}

/** Numbers for payloads and tickets, none of them 0. */
export function nextNumber() {
  return (number = (number % LAST_NUMBER) + 1);
}

let number = 0;
const LAST_NUMBER = 0xffff_ffff;

/** A message that waits: frozen, and as the application gave it. */
export class Held {
  constructor(data, value, how, ticket) {
    this.data = freeze(data);
    this.value = data === value ? this.data : value;
    this.how = how;
    this.ticket = ticket;
  }
}
