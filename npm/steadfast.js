// The class that applications see, but for what an entry of the package adds. What each member promises: index.d.ts.

import { SteadfastError } from "./error.js";
import { iterate } from "./iterate.js";
import { readExtras, readOptions, refuse } from "./options.js";
import { utf8Length } from "./payload.js";

export class Base {
  #host;

  /** `kit`: what the entry consists of; see core.js and state.js. */
  constructor(kit, url, options) {
    if (!kit.wasm) {
      throw new SteadfastError("NOT_READY", "await ready() first");
    }
    const read = readOptions(kit, options);
    this.#host = kit.host(url, read, this);
    const { signal, autoConnect } = read.options;
    if (signal) this.#closeOn(signal);
    if (signal?.aborted) this.close();
    else if (autoConnect) this.#host.connect(true);
  }

  get state() {
    return this.#host.state;
  }

  get url() {
    return this.#host.url;
  }

  get protocol() {
    return this.#host.protocol;
  }

  get bufferedAmount() {
    return this.#host.bufferedAmount;
  }

  get health() {
    return this.#host.health;
  }

  get queued() {
    return this.#host.queued;
  }

  get session() {
    return this.#host.session;
  }

  connect() {
    this.#host.connect(false);
  }

  reconnect(reason = "") {
    checkReason(reason);
    this.#host.reconnect(reason);
  }

  async authenticate(token) {
    if (typeof token !== "string") refuse("token", token, "a string");
    const { timeout } = this.#host.heartbeat;
    return this.#host.promise((ticket) => this.#host.authenticate(token, ticket), { timeout });
  }

  close(code = 1000, reason = "") {
    if (code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
      refuse("code", code, "1000, or 3000 to 4999");
    }
    checkReason(reason);
    this.#host.close(code, reason);
  }

  release() {
    this.#host.close(4000, "released", true);
  }

  send(data, options) {
    this.#host.send(data, options !== undefined && readExtras("send", options));
  }

  async deliver(data, options) {
    const how = readExtras("deliver", options);
    return this.#host.promise((ticket) => this.#host.send(data, how, ticket), how);
  }

  async flush(options) {
    return this.#host.promise((ticket) => this.#host.flush(ticket), readExtras("flush", options));
  }

  drain() {
    return this.#host.drain();
  }

  async ping() {
    const { timeout } = this.#host.heartbeat;
    return this.#host.promise((ticket) => this.#host.ping(ticket), { timeout });
  }

  on(event, listener, options) {
    return this.#host.listeners.add(event, listener, readExtras("on", options));
  }

  off(event, listener) {
    this.#host.listeners.remove(event, listener);
  }

  async once(event, options) {
    const { signal } = readExtras("once", options);
    const host = this.#host;
    let remove;
    const start = (ticket) => {
      if (host.state === "closed") throw host.gone();
      remove = host.listeners.add(event, (detail) => host.resolve(ticket, detail), { internal: true, once: true });
    };
    return host.promise(start, { signal, patient: true }).finally(() => remove?.());
  }

  // Where there is no Symbol.dispose there is no `using` either, and nobody can call it.
  [Symbol.dispose ?? Symbol()]() {
    this.close();
  }

  [Symbol.asyncIterator]() {
    return iterate(this.#host);
  }

  #closeOn(signal) {
    const abort = () => this.close();
    signal.addEventListener("abort", abort);
    const forget = () => signal.removeEventListener("abort", abort);
    this.#host.listeners.add("close", forget, { internal: true });
  }
}

function checkReason(reason) {
  if (typeof reason !== "string" || utf8Length(reason) > 123) {
    refuse("reason", reason, "a string, at most 123 bytes");
  }
}
