// One case: what it gets, and what has to be in order when it ends.

import { equal, show } from "./assert.js";
import { FakeNetwork } from "./fake-socket.js";
import { Steadfast } from "./module.js";

/** A case that takes longer waits for something that never comes. */
const LIMIT_MS = 20_000;
const { setTimeout, clearTimeout } = globalThis;

/** The function that Rust calls for a case: runs `body` with a fresh `Lab`. */
export function test(body) {
  return async () => {
    const lab = new Lab();
    try {
      await withinLimit(body(lab), lab);
      lab.closeClients();
      await settled();
      equal(lab.reported, [], "errors that were reported and not expected");
    } finally {
      lab.closeClients();
      lab.undoAll();
    }
  };
}

/** Every event's name. */
export const EVENTS = (
  "statechange open message disconnect reconnecting reconnected failed close error " +
  "heartbeat health queue dropped gap snapshot restored storage"
).split(" ");

/** Retries at once, so that a test waits for events and not for the clock; but where a hint makes attempts seldom, none. */
export const QUICK = { first: 0, min: 0, base: 1, factor: 1, max: 60_000 };

class Lab {
  network = new FakeNetwork();
  /** What was reported as the platform reports what nobody catches; a test takes what it expects. */
  reported = [];
  #clients = [];
  #undo = [];

  constructor() {
    const note = (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.reported.push(event.error ?? event.reason ?? event.message);
    };
    for (const type of ["error", "unhandledrejection"]) {
      globalThis.addEventListener(type, note, { capture: true });
      this.later(() => globalThis.removeEventListener(type, note, { capture: true }));
    }
  }

  /** A client over the fake network: quick retries, no heartbeat and no log unless `options` say so. */
  client(options = {}, url = `ws://fake.test/${options.queue?.persist ?? "path"}`) {
    const { reconnect, ...others } = options;
    const isGroup = reconnect === undefined || Object.prototype.toString.call(reconnect) === "[object Object]";
    const quick = isGroup ? { ...QUICK, ...reconnect } : reconnect;
    const webSocket = this.network.WebSocket;
    const client = new Steadfast(url, { webSocket, log: "silent", heartbeat: false, ...others, reconnect: quick });
    this.#clients.push(client);
    return client;
  }

  /** A client whose link is open, and the link's socket. */
  async opened(options, url) {
    const client = this.client(options, url);
    const opened = event(client, "open");
    const socket = await this.network.open();
    await opened;
    return { client, socket };
  }

  /** A client that has failed. */
  async failed(options) {
    const { client, socket } = await this.opened(options);
    socket.drop(1008, "policy");
    equal(client.state, "failed", "the state");
    return { client, socket };
  }

  /** Calls `undo` when the case ends. */
  later(undo) {
    this.#undo.push(undo);
  }

  /** Puts `value` into the place of a property of a global object until the case ends, or the returned function is called. */
  replace(object, name, value) {
    const before = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
    const undo = () => (before ? Object.defineProperty(object, name, before) : delete object[name]);
    this.later(undo);
    return undo;
  }

  closeClients() {
    for (const client of this.#clients.splice(0)) client.close();
  }

  undoAll() {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}

/** A promise that may reject when the case ends. */
export const ignored = (promise) => promise.catch(() => {});

/** The next event of this name: its detail. */
export const event = (client, name) => new Promise((resolve) => client.on(name, resolve, { once: true }));

/** The events of `client` from now on, as [name, detail]; without `health`, which may come with any of the others. */
export function record(client, names = EVENTS.filter((name) => name !== "health")) {
  const events = [];
  for (const name of names) client.on(name, (detail) => events.push([name, detail]));
  return events;
}

/** The names of recorded events; a state change with the state it led to. */
export const namesOf = (events) =>
  events.map(([name, detail]) => (name === "statechange" ? `statechange ${detail.to}` : name));

/** Until every promise that can settle now has settled, and what follows from it too. */
export const settled = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

async function withinLimit(promise, lab) {
  let timer;
  const limit = new Promise((_, reject) => {
    const states = () => lab.network.sockets.map(({ readyState, sent }) => ({ readyState, sent }));
    timer = setTimeout(
      () => reject(new Error(`it still waits after ${LIMIT_MS} ms; sockets: ${show(states())}`)),
      LIMIT_MS,
    );
  });
  try {
    await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
