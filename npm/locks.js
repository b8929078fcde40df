// The locks of memories, and what the pages of one queue tell each other.

import { MEMORY_FOUND, ORPHANS, TRY, WANT } from "./boundary.js";
import * as Input from "./input.js";
import { noteOfTab } from "./notes.js";
import * as Query from "./query.js";
import { keyOf } from "./storage.js";

export class Locks {
  #host;
  /** What is held or waited for, by the number of the memory: how to let go, and the row `after` which to read on. */
  #requests = new Map();
  #channel = null;

  constructor(host) {
    this.#host = host;
  }

  lock(number, how) {
    const { name } = this.#host.keep;
    const memory = number === ORPHANS ? "" : this.#host.memoryOf(number);
    const request = new AbortController();
    const { signal } = request;
    const refused = (error) => signal.aborted || this.#refused(number, error);
    this.#requests.set(number, request);
    try {
      const options = how === TRY ? { ifAvailable: true } : { signal };
      const answered = (lock) => signal.aborted || this.#answered(number, request, lock);
      navigator.locks.request(keyOf({ name, memory }), options, answered).catch(refused);
      this.#listen();
    } catch (error) {
      return refused(error);
    }
    if (how !== WANT) return;
    noteOfTab(name, memory, true);
    this.#channel?.postMessage({ wants: memory });
  }

  /** Lets go when all is done that was asked for until now. */
  unlock(number) {
    const { keep, database } = this.#host;
    const request = this.#requests.get(number);
    this.#requests.delete(number);
    request?.abort();
    const done = [keep.flush(), database.work];
    Promise.all(done).then(() => request?.letGo?.());
    if (this.#requests.size) return;
    this.#channel?.close();
    this.#channel = null;
  }

  of(number) {
    return this.#requests.get(number);
  }

  unlockAll() {
    for (const number of [...this.#requests.keys()]) this.unlock(number);
  }

  /** Until it is let go of. */
  #answered(number, request, lock) {
    const host = this.#host;
    const held = new Promise((letGo) => {
      request.letGo = letGo;
    });
    if (!lock) this.#requests.delete(number);
    host.feed(Input.locked, number, !!lock);
    if (!lock) return;
    if (number === host.query(Query.memory)) this.#tell(number);
    return held;
  }

  /** Others hear that this page lives, and when they are to wait for what it may leave. */
  #tell(number) {
    const began = this.#host.memoryOf(number);
    this.#channel?.postMessage({ began, place: this.#host.keep.placeOf(began) });
  }

  /** Without locks nothing is stored, and what this page has is its own. */
  #refused(number, error) {
    this.#host.keep.off(error);
    if (number !== ORPHANS && number < MEMORY_FOUND) this.#host.feed(Input.locked, number, true);
  }

  #listen() {
    if (this.#channel || !globalThis.BroadcastChannel) return;
    const host = this.#host;
    this.#channel = new BroadcastChannel(`steadfast:${host.keep.name}`);
    this.#channel.onmessage = ({ data }) => {
      const { wants, began, place } = data ?? {};
      const number = host.memories.get(wants);
      if (number === host.query(Query.memory)) this.#tell(number);
      else if (this.#requests.has(number)) host.feed(Input.wanted, number);
      if (began !== undefined) host.reader.found(began, place, false);
    };
  }
}
