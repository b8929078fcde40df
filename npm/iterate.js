// Messages as an asynchronous iterator.

/**
 * Messages of `host` from now on, or this `field` of each: ends on close, throws on failed or when more wait than may.
 */
export function iterate(host, field) {
  const limit = host.options.queue?.maxMessages ?? 10_000;
  const waiting = [];
  const readers = [];
  const over = new AbortController();
  let end;
  /** Called with whether the last message was read, when it is done with. */
  let taken = () => {};

  const finish = (how) => {
    over.abort();
    end ??= how;
    while (readers.length) readers.shift()(iterator.next());
  };
  /** What is returned is settled when the message is done with. */
  const take = (detail) => {
    waiting.push(field ? detail[field] : detail);
    readers.shift()?.(iterator.next());
    // Who reads ahead has asked for the next already.
    if (readers.length) return;
    if (waiting.length > limit) finish({ error: host.error("QUEUE_FULL", "the queue is full") });
    return new Promise((resolve) => {
      taken = resolve;
    });
  };
  const iterator = {
    async next() {
      if (waiting.length) return { value: waiting.shift(), done: false };
      taken(true);
      if (!end) return new Promise((resolve) => readers.push(resolve));
      const { error } = end;
      end = {};
      if (error) throw error;
      return { done: true };
    },
    async return(value) {
      const isSeen = !waiting.length;
      waiting.length = 0;
      finish({});
      taken(isSeen);
      return { value, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  if (host.state === "closed") finish({});
  const listen = (event, listener) => host.listeners.add(event, listener, { internal: true, signal: over.signal });
  listen("message", take);
  listen("close", finish);
  listen("failed", (error) => finish({ error }));
  return iterator;
}
