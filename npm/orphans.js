// Messages whose page is gone: a tab that lives waits for the lock of every other memory of its name, and when it gets
// one with messages in it, a client of its own delivers them.

import { isGoodRecord } from "./found.js";
import * as Input from "./input.js";
import { AdoptedKeeper } from "./memories.js";
import { Rows } from "./rows.js";
import { isGood, keyOf } from "./storage.js";

/** The memories that one client waits for. */
export class Orphans {
  #host;
  #durable;
  #name;
  /** How to give up waiting, by memory. */
  #watched = new Map();
  #channel = null;

  constructor(host, durable) {
    this.#host = host;
    this.#durable = durable;
  }

  /** Waits for the memories of these `records`, and of those that other tabs announce. */
  start(records) {
    this.#open();
    for (const { memory } of records) this.#watch(memory);
  }

  stop() {
    this.#channel?.close();
    this.#channel = null;
    for (const waiting of this.#watched.values()) waiting.abort();
    this.#watched.clear();
  }

  /** Tells the other tabs that this client is to have a memory: they make way, and wait for it anew. */
  announce(memory) {
    this.#open();
    this.#channel.postMessage(memory);
  }

  #open() {
    if (this.#channel) return;
    const { name } = this.#durable;
    this.#channel = new BroadcastChannel(keyOf({ name }));
    this.#channel.onmessage = ({ data }) => this.#watch(data);
  }

  #watch(memory) {
    if (this.#durable.owns(memory)) return;
    this.#watched.get(memory)?.abort();
    const waiting = new AbortController();
    const { signal } = waiting;
    this.#watched.set(memory, waiting);
    navigator.locks
      ?.request(keyOf({ name: this.#durable.name, memory }), { signal }, () => this.#adopt(memory, signal))
      // Given up.
      .catch(() => {});
  }

  /** Holds the lock until nothing is left to deliver, or somebody else is to have the memory. */
  async #adopt(memory, signal) {
    const host = this.#host;
    const [rows, records] = (await new Rows(host.database).read({ name: this.#durable.name, memory })) ?? [[], []];
    const stored = records.find((record) => record.memory === memory);
    if (!rows.length || !stored || signal.aborted) return;
    const record = isGood(stored) && isGoodRecord(stored) ? stored : await this.#durable.repair(stored);
    if (record && !signal.aborted) await deliver(host, record, signal);
  }
}

/** A client without listeners that delivers what is stored in a memory. Resolves when it is closed. */
async function deliver(host, record, signal) {
  const { id } = record;
  const options = { ...host.options, adopted: true, snapshot: undefined, window: [0, 0] };
  const [source, , numbers] = host.made;
  const hidden = new host.constructor(source, options, withoutSnapshot(numbers));
  hidden.keeper = new AdoptedKeeper(hidden, record);
  const done = await new Promise((resolve) => {
    hidden.emit = (event, detail, ...rest) => {
      if (event === "dropped" || detail.code === "STORAGE") host.emit(event, detail, ...rest);
      // What is not stored any more must not be sent: it would be found, and sent again.
      if (event === "failed" || hidden.database.failed) resolve(false);
    };
    signal.addEventListener("abort", () => resolve(false));
    hidden.connect(false);
    hidden
      .promise((ticket) => hidden.flush(ticket))
      .then(
        () => resolve(true),
        () => resolve(false),
      );
  });
  hidden.emit = () => {};
  // A session that has begun for these messages ends with them. Another one is left as it was found.
  if (!done || hidden.keeper.row.id === id) {
    hidden.tell(Input.suspend);
    hidden.keeper.abandon();
  }
  hidden.close(1000, "");
  await hidden.database.work;
}

const withoutSnapshot = (numbers) =>
  numbers.map((number, place) => (place === numbers.length - SNAPSHOT_AT ? 0 : number));

/** Where, from the end, the switch of the group `snapshot` stands: the last one, with three numbers. */
const SNAPSHOT_AT = 4;
