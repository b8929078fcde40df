// What happened to a client, in order, and waiting for what is still to come.

const EVENTS = [
  "statechange",
  "open",
  "message",
  "disconnect",
  "reconnecting",
  "reconnected",
  "failed",
  "close",
  "error",
  "heartbeat",
  "health",
  "queue",
  "dropped",
  "gap",
];

export class Trace {
  /** Every event so far: `{ event, detail, at }`, with `at` in milliseconds of the page's clock. */
  entries = [];
  #read = 0;
  #waiting = null;

  constructor(client) {
    for (const event of EVENTS) client.on(event, (detail) => this.#add(event, detail));
  }

  /** Resolves with the first `event` behind the one this was last asked for whose details include `where`. */
  next(event, where = {}) {
    return new Promise((resolve) => {
      this.#waiting = () => {
        const found = this.entries.findIndex((entry, at) => at >= this.#read && fits(entry, event, where));
        if (found < 0) return;
        this.#read = found + 1;
        this.#waiting = null;
        resolve(this.entries[found].detail);
      };
      this.#waiting();
    });
  }

  /** The details of every `event` so far. */
  all(event) {
    return this.entries.filter((entry) => entry.event === event).map((entry) => entry.detail);
  }

  #add(event, detail) {
    this.entries.push({ event, detail: plain(detail), at: performance.now() });
    this.#waiting?.();
  }
}

function fits(entry, event, where) {
  return entry.event === event && Object.entries(where).every(([key, value]) => entry.detail[key] === value);
}

/** Errors keep their interesting fields when they leave the page as JSON. */
function plain(detail) {
  return detail instanceof Error
    ? { name: detail.name, code: detail.code, message: detail.message, requestId: detail.requestId }
    : { ...detail };
}
