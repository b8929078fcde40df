// Messages as an asynchronous iterator.

/**
 * Messages of `host` from now on, or this `field` of each: ends on close, throws on failed or when more wait than may.
 */
export function iterate(host, field) {
  const limit = host.options.queue?.maxMessages ?? 10_000;
  const waiting = [];
  const readers = [];
  const removals = [];
  let end = host.state === "closed" ? DONE : null;

  const finish = (how) => {
    for (const remove of removals) remove();
    end ??= how;
    for (const read of readers.splice(0)) read(last());
  };
  /** What a reader gets when nothing waits any more; an error only once. */
  const last = () => {
    const { error } = end;
    end = DONE;
    return error ? Promise.reject(error) : { done: true };
  };
  /** Called with whether the last message was read, when it is done with. */
  let taken = () => {};

  /** What is returned is settled when the message is done with. */
  const take = (detail) => {
    const value = field ? detail[field] : detail;
    const read = readers.shift();
    if (read) {
      read({ value, done: false });
      // Who reads ahead has asked for the next already.
      if (readers.length) return;
    } else if (waiting.push(value) > limit) {
      finish({ error: host.error("QUEUE_FULL", `more than ${limit} messages wait`) });
    }
    return new Promise((resolve) => {
      taken = resolve;
    });
  };
  const listen = (event, listener) => removals.push(host.listeners.add(event, listener, { internal: true }));
  if (!end) {
    listen("message", take);
    listen("close", () => finish(DONE));
    listen("failed", (error) => finish({ error }));
  }

  return {
    async next() {
      if (!waiting.length) taken(true);
      if (waiting.length) return { value: waiting.shift(), done: false };
      if (end) return last();
      return new Promise((resolve) => readers.push(resolve));
    },
    async return(value) {
      const isSeen = !waiting.length;
      waiting.length = 0;
      finish(DONE);
      taken(isSeen);
      return { value, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const DONE = {};
