// What one client has on the platform: the socket, the timer, the page, the application's
// functions. It decides nothing: it hands the engine what happened, and does what it answers.

import { OUTPUTS, REFUSALS, STATES, TAKES_NOTHING } from "./boundary.js";
import { decode, encode } from "./codec.js";
import { SteadfastError } from "./error.js";
import * as Input from "./input.js";
import { Listeners, report } from "./listeners.js";
import { createLog } from "./log.js";
import { NEWS } from "./news.js";
import { areProtocols } from "./options.js";
import { watchPage } from "./page.js";
import { freeze, isData, roughSizeOf, sizeOf } from "./payload.js";
import * as Query from "./query.js";
import { resolveUrl } from "./url.js";
import { Client } from "./wasm.js";

export class Host {
  listeners = new Listeners(() => this.#listen());
  requestId = "";
  url = "";
  protocol = "";
  farewell = { code: 1000, reason: "" };
  /** What the client gave up with, while it has. */
  failure = null;
  /** The last error of a function of the application. */
  fault = null;
  lastCode = 1006;
  /** The state that listeners were told last. */
  shown = STATES[0];

  #client;
  #source;
  #WebSocket;
  #draining = false;
  #listening = false;
  #takingBack = false;
  /** What it shows when there is no engine any more. */
  #last = {};
  #socket = null;
  #reason = "";
  #timer = null;
  #unwatch = null;
  #payloads = new Map();
  #keys = new Map();
  #number = 0;
  #tickets = new Map();
  #pings = [];

  constructor(source, options, numbers) {
    this.#source = source;
    this.options = options;
    this.#WebSocket = options.webSocket ?? globalThis.WebSocket;
    if (typeof this.#WebSocket !== "function") {
      throw this.error("UNSUPPORTED", "no WebSocket here: see the option webSocket");
    }
    if (typeof source !== "function") this.url = this.#resolve(source, false);
    this.log = createLog(options.log, this);
    this.heartbeat = options.heartbeat ?? DEFAULT_HEARTBEAT;
    this.#client = new Client(numbers, Number.parseInt(randomId().slice(0, 13), 16));
    this.#last = { state: this.state, health: this.health, queued: this.queued };
  }

  // What the application asks for.

  /** `later`: the first attempt begins after the present task, when listeners are there; any input starts it. */
  connect(later) {
    if (later) {
      this.#client.handle(Input.connect, performance.now());
      queueMicrotask(() => this.feed(Input.listen, this.#listening ? 1 : 0));
    } else {
      this.#ask(Input.connect);
    }
  }

  reconnect(reason) {
    this.#reason = reason;
    this.#ask(Input.reconnect);
  }

  close(code, reason) {
    if (!this.#client || this.state === "closing") return;
    this.farewell = { code, reason };
    this.feed(Input.close);
  }

  send(value, how, ticket = 0) {
    if (!this.#client) throw this.#gone();
    const data = this.#checked(this.options.codec === "raw" ? value : encode(this, value));
    const buffered = this.#buffered();
    const waits = this.#draining || this.#query(Query.wouldWait, buffered) !== 0;
    const size = sizeOf(data, waits || 3 * data.length > this.options.maxMessage);
    const number = this.#keep(waits ? this.#hold(data, value) : data);
    try {
      const lane = LANES.indexOf(how?.priority ?? "normal") + (how?.volatile ? VOLATILE : 0);
      const key = how?.key === undefined ? -1 : this.#numberOfKey(how.key);
      this.#ask(Input.send, number, size, lane, how?.ttl ?? -1, key, ticket, buffered);
    } catch (error) {
      this.#payloads.delete(number);
      throw error;
    }
  }

  flush(ticket) {
    this.#ask(Input.flush, ticket, this.#buffered());
  }

  /** All that waits, taken back. */
  drain() {
    const values = [];
    if (!this.#client) return values;
    this.#takingBack = true;
    for (let number; (number = this.#query(Query.takeBack)); ) values.push(this.takeOriginal(number));
    this.#drain();
    this.#takingBack = false;
    return values;
  }

  ping(ticket) {
    this.#pings.push(ticket);
    this.#ask(Input.ping);
  }

  /** Tells the engine whether anybody listens for messages, once the present task has added all. */
  #listen() {
    const listening = this.listeners.has("message");
    if (listening === this.#listening) return;
    this.#listening = listening;
    const tell = () => this.feed(Input.listen, this.#listening ? 1 : 0);
    if (listening) queueMicrotask(tell);
    else tell();
  }

  // What the application sees.

  get state() {
    return this.#client ? STATES[this.#query(Query.state)] : this.#last.state;
  }

  get health() {
    return this.#same("health", () => {
      const now = performance.now();
      const field = (at) => this.#query(Query.health + at, now);
      const known = (at) => (field(at) < 0 ? null : field(at));
      return {
        score: field(0),
        grade: ["healthy", "degraded", "unhealthy"][field(1)],
        rtt: known(2),
        jitter: known(3),
        loss: field(4),
        reconnects: field(5),
        throughput: Object.freeze({ sent: field(6), received: field(7) }),
        trend: ["improving", "steady", "worsening"][field(8)],
      };
    });
  }

  get queued() {
    return this.#same("queued", () => ({
      messages: this.#query(Query.queuedMessages),
      bytes: this.#query(Query.queuedBytes),
    }));
  }

  get bufferedAmount() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  emit(event, detail, level, fields = detail) {
    this.log(level, detail.message ?? event, fields);
    this.listeners.emit(event, detail);
  }

  error(code, message, cause) {
    return new SteadfastError(code, message, this.requestId, cause);
  }

  /** How a link was lost, with what only the platform knows. */
  closeInfo(cause, code, wasClean) {
    const asked = cause === REQUESTED && this.state !== "reconnecting" ? this.farewell.code : code;
    return { code: asked, reason: this.#reason, wasClean: !!wasClean };
  }

  // Promises. A ticket stands for one that waits for something to come true.

  /**
   * Calls `start` with a new ticket and waits until it is settled: by `resolve` or `reject`, when
   * `signal` aborts, or after `timeout`. `patient`: being given up with does not end it.
   */
  promise(start, { signal, timeout = Number.POSITIVE_INFINITY, patient } = {}) {
    const ticket = this.#nextNumber();
    const abort = () => this.#withdraw(ticket, this.error("ABORTED", "aborted", signal.reason));
    const expire = () => this.#withdraw(ticket, this.error("TIMEOUT", `not within ${timeout} ms`));
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

  /** Gives a ticket up, and its message if that still waits. */
  #withdraw(ticket, error) {
    this.reject(ticket, error);
    this.feed(Input.withdraw, ticket);
  }

  takePings() {
    return this.#pings.splice(0);
  }

  whyUnsettled() {
    if (this.failure) return this.failure;
    if (this.#takingBack) return this.error("ABORTED", "the message was taken back");
    const closed = /clos/.test(this.state);
    return closed ? this.#gone() : this.error("NOT_OPEN", "the link was lost");
  }

  // What the engine answers.

  dial(generation) {
    this.requestId = randomId();
    const { protocols } = this.options;
    const wanted = () => this.#client && this.#query(Query.expectsLink, generation) !== 0;
    settle(
      () => call(this.#source),
      (source) =>
        wanted() &&
        settle(
          () => call(protocols),
          (names) => wanted() && this.#open(generation, source, names),
          (error) => wanted() && this.#fail(generation, "INVALID_OPTION", "protocols", error),
        ),
      (error) => wanted() && this.#fail(generation, "INVALID_URL", "the URL function", error),
    );
  }

  greet(generation, attempt) {
    const socket = this.#socket;
    const current = () => this.#client && socket === this.#socket && socket.readyState === OPEN;
    settle(
      () => this.options.greet({ attempt }),
      (greeting) => {
        if (!current()) return;
        try {
          const messages = greeting === undefined ? [] : [greeting].flat();
          for (const message of messages.map((message) => this.#fitting(message))) this.#give(message);
        } catch (error) {
          return this.#fail(generation, error.code, "greet", error);
        }
        this.feed(Input.greeted, generation);
      },
      (error) => current() && this.#fail(generation, "INVALID_DATA", "greet", error),
    );
  }

  transmit(number) {
    const payload = this.#take(number);
    this.#give(payload.data ?? payload);
  }

  transmitPing() {
    const { ping } = this.heartbeat;
    try {
      this.#give(this.#checked(call(ping)));
    } catch (error) {
      this.#blame("INVALID_DATA", "heartbeat.ping", error);
    }
  }

  hangUp(why) {
    const [code, reason] = [
      [this.farewell.code, this.farewell.reason],
      [1000, this.#reason],
      [4000, "suspended"],
      [4001, "heartbeat timeout"],
      [],
    ][why];
    this.#reason = reason ?? "";
    const socket = this.#detach();
    try {
      socket?.close(code, reason);
    } catch {
      // It is detached: whether it closes is not heard of any more.
    }
  }

  decide(generation, code, wasClean, attempt, opened) {
    const lost = { code, reason: this.#reason, wasClean: !!wasClean, attempt, opened: !!opened };
    const decided = (place, after) => this.feed(Input.decided, generation, place, after);
    const failed = (error) => {
      this.#blame("INVALID_OPTION", "reconnect.decide", error);
      decided(0);
    };
    settle(
      () => this.options.reconnect.decide(lost),
      (decision) => {
        const after = decision?.after;
        if (Number.isFinite(after) && after >= 0) return decided(DECISIONS.length, after);
        const place = DECISIONS.indexOf(decision);
        if (place < 0) failed(new TypeError(`no decision: ${String(decision)}`));
        else decided(place);
      },
      failed,
      () => this.feed(Input.decisionPending, generation),
    );
  }

  deliver(number) {
    let data = this.#take(number);
    if (this.options.codec !== "raw") {
      try {
        data = decode(this, data);
      } catch (error) {
        this.#blame("INVALID_DATA", "codec.decode", error);
        return;
      }
    }
    this.listeners.emit("message", { data });
  }

  // Payloads stay here under a number while the engine decides about them.

  takeOriginal(number) {
    const payload = this.#take(number);
    return payload instanceof Held ? payload.value : payload;
  }

  forgetKeys() {
    this.#keys.clear();
  }

  #keep(payload) {
    const number = this.#nextNumber();
    this.#payloads.set(number, payload);
    return number;
  }

  discard(number) {
    this.#payloads.delete(number);
  }

  #take(number) {
    const payload = this.#payloads.get(number);
    this.#payloads.delete(number);
    return payload;
  }

  #hold(data, value) {
    const frozen = freeze(data);
    return this.options.codec === "raw" ? frozen : new Held(frozen, value);
  }

  #numberOfKey(key) {
    if (!this.#keys.has(key)) this.#keys.set(key, this.#keys.size);
    return this.#keys.get(key);
  }

  #nextNumber() {
    this.#number = (this.#number % TAKES_NOTHING) + 1;
    return this.#number;
  }

  #checked(data) {
    if (isData(data)) return data;
    throw this.error("INVALID_DATA", "not a string, a Blob, an ArrayBuffer or a view of one");
  }

  #fitting(data) {
    const { maxMessage } = this.options;
    const bytes = sizeOf(this.#checked(data), 3 * data.length > maxMessage);
    if (bytes <= maxMessage) return data;
    throw this.error("MESSAGE_TOO_LARGE", `${bytes} bytes; maxMessage is ${maxMessage}`);
  }

  // The socket.

  #open(generation, source, protocols) {
    let socket;
    try {
      this.url = this.#resolve(source, this.options.requestIdParam);
      if (!areProtocols(protocols)) throw this.error("INVALID_OPTION", "protocols are tokens, each once");
      socket = new this.#WebSocket(this.url, protocols);
    } catch (error) {
      return this.#fail(
        generation,
        error.code === "INVALID_OPTION" ? error.code : "INVALID_URL",
        "the URL",
        error,
        true,
      );
    }
    socket.binaryType = this.options.binaryType;
    socket.onopen = () => {
      this.protocol = socket.protocol;
      this.feed(Input.linkOpened, generation);
    };
    socket.onmessage = ({ data }) => {
      const pong = this.#query(Query.awaitsPong) !== 0 && this.#isPong(data);
      const number = pong ? 0 : this.#keep(data);
      this.feed(Input.linkMessage, generation, number, roughSizeOf(data), pong ? 1 : 0);
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      this.#detach();
      this.#reason = reason;
      this.lastCode = code;
      this.feed(Input.linkClosed, generation, code, wasClean ? 1 : 0);
    };
    // Some implementations throw what nobody listens to; the close event says the same.
    socket.onerror = ignore;
    this.#socket = socket;
  }

  #detach() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  /** What the socket has still to send; a closing one swallows what it is given. */
  #buffered() {
    if (!this.#socket) return 0;
    return this.#socket.readyState > OPEN ? TAKES_NOTHING : this.#socket.bufferedAmount;
  }

  #give(data) {
    const socket = this.#socket;
    if (!socket) return;
    const before = socket.bufferedAmount;
    socket.send(data);
    const after = socket.bufferedAmount;
    this.#client.handle(Input.transmitted, performance.now(), Math.max(after - before, 0), after);
  }

  #isPong(data) {
    const { pong } = this.heartbeat;
    if (typeof pong !== "function") return data === pong;
    try {
      return !!pong(data);
    } catch (error) {
      report(error);
      return false;
    }
  }

  #resolve(source, requestIdParam) {
    try {
      return resolveUrl(source, requestIdParam, this.requestId);
    } catch (error) {
      throw this.error("INVALID_URL", error.message, error);
    }
  }

  // Errors of the application's functions.

  #fail(generation, code, what, cause, fatal = false) {
    this.#blame(code, what, cause);
    this.feed(Input.linkFailed, generation, fatal ? 1 : 0);
  }

  #blame(code, what, cause) {
    const typed = cause instanceof SteadfastError;
    this.fault = typed ? cause : this.error(code, `${what} failed: ${cause?.message ?? cause}`, cause);
    this.emit("error", this.fault, "warn");
  }

  #gone() {
    return this.#last.broken ?? this.error("CLOSED", "the client is closed");
  }

  // Driving the engine: hand in one thing, then do all that it answers.

  feed(input, ...fields) {
    if (!this.#client) return 0;
    try {
      const refusal = this.#client.handle(input, performance.now(), ...fields);
      this.#drain();
      return refusal;
    } catch (error) {
      this.#break(error);
      return 0;
    }
  }

  #ask(input, ...fields) {
    if (!this.#client) throw this.#gone();
    const refusal = this.feed(input, ...fields);
    if (refusal) throw this.error(...REFUSALS[refusal]);
    if (this.#last.broken) throw this.#last.broken;
  }

  #query(what, argument = 0) {
    return this.#client.query(what, argument);
  }

  /** A call from inside, by a listener, only adds to what the loop outside will find. */
  #drain() {
    const client = this.#client;
    if (this.#draining || !client) return;
    this.#draining = true;
    for (let output = client.poll(); output; output = client.poll()) {
      const details = FIELDS.map((field) => client.detail(field));
      const name = OUTPUTS[output];
      if (NEWS[name]) NEWS[name](this, ...details);
      else this[name](...details);
    }
    this.#draining = false;
    this.#arm(client.detail(0));
    this.#settleDown();
  }

  /** One timer for all deadlines. It may ring too early: traffic that moves a deadline on costs nothing. */
  #arm(at) {
    if (at <= LATEST && this.#timer?.at <= at) return;
    clearTimeout(this.#timer?.id);
    this.#timer = null;
    if (at > LATEST) return;
    const ring = () => {
      this.#timer = null;
      this.feed(Input.timeout, this.#buffered(), Date.now());
    };
    const delay = Math.min(Math.max(Math.ceil(at - performance.now()), 0), LONGEST_DELAY);
    this.#timer = { at, id: setTimeout(ring, delay) };
  }

  /** Nothing that this client has on the platform outlives its being at rest. */
  #settleDown() {
    if (/idle|closed|failed/.test(this.shown)) {
      this.#unwatch?.();
      this.#unwatch = null;
      if (this.shown === "closed") this.#free();
    } else {
      this.#unwatch ??= watchPage((input) => this.feed(input));
    }
  }

  #free() {
    this.#last = { state: "closed", health: this.health, queued: this.queued };
    this.#client.free();
    this.#client = null;
    this.#payloads.clear();
  }

  /** The module trapped: a bug. The client is of no use any more, and says so. */
  #break(cause) {
    this.#client = null;
    this.#draining = false;
    const broken = this.error("INTERNAL", "a bug of this package: please report it", cause);
    this.#last = { ...this.#last, state: "failed", broken };
    clearTimeout(this.#timer?.id);
    this.#unwatch?.();
    this.#detach()?.close();
    this.rejectAll(broken, true);
    this.emit("statechange", { from: this.shown, to: "failed" }, "debug");
    this.emit("failed", broken, "error");
  }

  /** The object that was given last, as long as nothing in it has changed. */
  #same(name, read) {
    if (!this.#client) return this.#last[name];
    const fresh = read();
    const text = JSON.stringify(fresh);
    if (JSON.stringify(this.#last[name]) !== text) this.#last[name] = Object.freeze(fresh);
    return this.#last[name];
  }
}

/** A message that waits, encoded and as it was given. */
class Held {
  constructor(data, value) {
    this.data = data;
    this.value = value;
  }
}

/** Of no closure: a socket that is closing must not hold on to its client. */
const ignore = () => {};

const call = (source) => (typeof source === "function" ? source() : source);

/** Asks, and goes on in the same task if the answer is no promise. */
function settle(ask, done, failed, pending) {
  let answer;
  try {
    answer = ask();
  } catch (error) {
    return failed(error);
  }
  if (typeof answer?.then !== "function") return done(answer);
  pending?.();
  Promise.resolve(answer).then(done, failed);
}

/** 128 random bits. Not crypto.randomUUID, which insecure pages lack. */
const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const OPEN = 1;
const FIELDS = [0, 1, 2, 3, 4];
const LANES = ["high", "normal", "low"];
const VOLATILE = 4;
const DECISIONS = [undefined, "retry", "stop", "reauthenticate"];
const REQUESTED = 5;
const DEFAULT_HEARTBEAT = { ping: "PING", pong: "PONG", timeout: 10_000 };
/** Later than any real moment: the engine's "never" lies beyond. */
const LATEST = 1e15;
/** A longer setTimeout rings at once. */
const LONGEST_DELAY = 2 ** 31 - 1;
