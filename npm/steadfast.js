// The class that applications see, but for what an entry of the package adds. What each member promises: index.d.ts.

import { SteadfastError } from "./error.js";
import { iterate } from "./iterate.js";
import { EVENTS } from "./listeners.js";
import { readExtras, readOptions, refuse } from "./options.js";
import { utf8Length } from "./payload.js";

/**
 * Where a client has a function that gives its host: behind a Proxy there are no private members, and what wraps all
 * that an object holds, as reactive state does, leaves functions as they are.
 */
export const HOST = Symbol();

export class Base {
  /** `kit`: what the entry consists of; see core.js and state.js. */
  constructor(kit, url, options) {
    if (!kit.wasm) {
      throw new SteadfastError("NOT_READY", "await ready() first");
    }
    const read = readOptions(kit, options);
    const host = kit.host(url, read);
    this[HOST] = () => host;
    const { signal, autoConnect } = read.options;
    if (signal) closeOn(signal, host);
    if (autoConnect && host.state === "idle") host.connect(true);
  }

  connect() {
    this[HOST]().connect(false);
  }

  reconnect(reason = "") {
    checkReason(reason);
    this[HOST]().reconnect(reason);
  }

  async authenticate(token) {
    if (typeof token !== "string") refuse("token", token, "a string");
    return ask(this, "authenticate", undefined, token);
  }

  close(code = 1000, reason = "") {
    if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
      refuse("code", code, "1000, or 3000 to 4999");
    }
    checkReason(reason);
    this[HOST]().close(code, reason);
  }

  release() {
    this[HOST]().close(4000, "released", true);
  }

  send(data, options) {
    this[HOST]().send(data, options !== undefined && readExtras("send", options));
  }

  async deliver(data, options) {
    const how = { ...readExtras("deliver", options), delivers: true };
    return ask(this, "send", how, data, how);
  }

  async flush(options) {
    return ask(this, "flush", readExtras("flush", options));
  }

  drain() {
    return this[HOST]().drain();
  }

  async ping() {
    return ask(this, "ping");
  }

  on(event, listener, options) {
    return this[HOST]().listeners.add(event, listener, readExtras("on", options));
  }

  off(event, listener) {
    this[HOST]().listeners.remove(event, listener);
  }

  once(event, how, options) {
    return typeof how === "function" ? this.on(event, how, { ...options, once: true }) : next(this[HOST](), event, how);
  }

  messages() {
    return { [Symbol.asyncIterator]: () => iterate(this[HOST]()) };
  }

  [Symbol.asyncIterator]() {
    return iterate(this[HOST](), "data");
  }

  // Where there is no Symbol.dispose there is no `using` either, and nobody can call it.
  [Symbol.dispose ?? Symbol()]() {
    this.close();
  }

  /** Vue makes nothing reactive that is called otherwise than Object. */
  get [Symbol.toStringTag]() {
    return "Steadfast";
  }
}

for (const name of "state url protocol bufferedAmount health queued session".split(" ")) {
  Object.defineProperty(Base.prototype, name, {
    get() {
      return this[HOST]()[name];
    },
  });
}

// A handler that nobody ever calls would be a silent mistake.
for (const event of EVENTS) {
  Object.defineProperty(Base.prototype, `on${event}`, {
    set() {
      throw new SteadfastError("INVALID_OPTION", `on("${event}", listener) instead of on${event}`);
    },
  });
}

/** What the host's `method` settles: by a ticket, and `how` it is waited for. */
function ask(client, method, how, ...given) {
  const host = client[HOST]();
  return host.promise((ticket) => host[method](...given, ticket), how ?? host.options.heartbeat);
}

/** The next `event`. */
async function next(host, event, options) {
  const { signal } = readExtras("once", options);
  let remove;
  const start = (ticket) => {
    if (host.state === "closed") throw host.gone();
    remove = host.listeners.add(event, (detail) => host.resolve(ticket, detail), { internal: true, once: true });
  };
  return host.promise(start, { signal, patient: true }).finally(() => remove?.());
}

function closeOn(signal, host) {
  const abort = () => host.close(1000, "");
  signal.addEventListener("abort", abort);
  host.listeners.add("close", () => signal.removeEventListener("abort", abort), { internal: true });
  if (signal.aborted) abort();
}

function checkReason(reason) {
  if (typeof reason !== "string" || utf8Length(reason) > 123) {
    refuse("reason", reason, "a string, at most 123 bytes");
  }
}
