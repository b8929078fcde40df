// What one client asks of the engine, and does for it: the application's functions, messages and
// events. It decides nothing: it hands the engine what happened, and does what it answers.

import { decode, encode } from "./codec.js";
import * as Input from "./input.js";
import { Link, OPEN } from "./link.js";
import { Listeners, report } from "./listeners.js";
import { createLog } from "./log.js";
import { isOnline } from "./page.js";
import { isData, leastSizeOf, sizeOf } from "./payload.js";
import { Held, Payloads } from "./payloads.js";
import * as Query from "./query.js";

export class Host extends Link {
  listeners = new Listeners(() => this.#listen());
  /** What the client gave up with, while it has. */
  failure = null;
  payloads = new Payloads();
  /** The session, where there is one. */
  session = null;
  asked = { ping: [], token: [] };
  /** The call for credentials that has not answered yet. */
  asking;
  /** Where it is stored, for whatever has a storage. */
  keeper = null;
  /** Whether what is stored outlives the client. */
  keeps = false;
  /** Whether something lives in memory that was to be stored. */
  isUnstored = false;

  #source;
  #listening = false;
  #takingBack = false;

  constructor(source, options, numbers) {
    super(source, options);
    this.#source = source;
    this.log = createLog(options.log, this);
    const { fallback } = options.kit;
    if (fallback) this.log("debug", fallback);
    this.start(numbers, Math.random() * 2 ** 53);
  }

  // What the application asks for.

  reconnect(reason) {
    this.reason = reason;
    this.request(Input.reconnect, isOnline());
  }

  /** `keeps`: what is stored is for the next client. */
  close(code, reason, keeps) {
    if (/clos/.test(this.state)) return;
    this.farewell = { code, reason };
    this.keeps = keeps && this.options.session?.storage !== "memory";
    if (!this.keeps) return this.feed(Input.close);
    this.tell(Input.hide);
    this.feed(Input.release, !this.keep?.failed);
  }

  send(value, how, ticket = 0) {
    const data = this.#checked(this.options.codec === "raw" ? value : encode(this, value));
    const buffered = this.buffered();
    const { session } = this.options;
    const waits = session || this.draining || this.query(Query.wouldWait, buffered);
    const size = sizeOf(data, waits || 3 * data.length > this.options.maxMessage);
    const number = this.payloads.keep(waits ? new Held(data, value, how, ticket) : data);
    try {
      const lane = LANES.indexOf(how?.priority ?? "normal") + (how?.volatile ? VOLATILE : 0) + formOf(data);
      const key = how?.key === undefined ? -1 : this.payloads.numberOfKey(how.key);
      this.request(Input.send, number, size, lane, how?.ttl ?? -1, key, ticket, buffered);
    } catch (error) {
      this.discard(number);
      throw error;
    }
  }

  flush(ticket) {
    this.request(Input.flush, ticket, this.buffered());
  }

  /** All that waits, taken back. */
  drain() {
    const values = [];
    this.#takingBack = true;
    for (let number; (number = this.query(Query.takeBack)); ) values.push(this.payloads.takeOriginal(number));
    this.drainOutputs();
    this.#takingBack = false;
    return values;
  }

  ping(ticket) {
    this.asked.ping.push(ticket);
    this.request(Input.ping);
  }

  /** Refused: only a session knows tokens. */
  authenticate() {
    throw this.error("UNSUPPORTED", "a session is needed");
  }

  /** Tells the engine whether anybody listens for messages, once the present task has added all. */
  #listen() {
    const listening = this.listeners.has("message");
    if (listening === this.#listening) return;
    this.#listening = listening;
    const tell = () => this.listen(this.#listening);
    if (listening) queueMicrotask(tell);
    else tell();
  }

  listen(on) {
    this.feed(Input.listen, on);
  }

  // What the application sees.

  emit(event, detail, level = "info", fields = detail) {
    this.log(level, detail.message ?? event, fields);
    this.listeners.emit(event, detail);
  }

  /** Those who wait for what only the present link can answer. */
  takeAsked(what) {
    return this.asked[what].splice(0);
  }

  rejectAsked(what, error) {
    for (const ticket of this.takeAsked(what)) this.reject(ticket, error);
  }

  complain(error) {
    this.emit("error", error, "warn");
  }

  /** A message that still waits is taken back when its ticket is given up; another one may have arrived. */
  withdraw(ticket, error, { delivers }) {
    if (this.feed(Input.withdraw, ticket) && delivers) error.delivered = "unknown";
    this.reject(ticket, error);
  }

  whyUnsettled() {
    if (this.failure) return this.failure;
    if (this.#takingBack) return this.error("ABORTED", "taken back");
    const closed = /clos/.test(this.state);
    return closed ? this.gone() : this.error("NOT_OPEN", "the link was lost");
  }

  // What the engine answers.

  dial(generation) {
    this.requestId = randomId();
    const { protocols } = this.options;
    const wanted = () => this.query(Query.expectsLink, generation);
    settle(
      () => call(this.#source),
      (source) =>
        wanted() &&
        settle(
          () => call(protocols),
          (names) => wanted() && this.open(generation, source, names),
          (error) => wanted() && this.fail(generation, "INVALID_OPTION", "protocols", error),
        ),
      (error) => wanted() && this.fail(generation, "INVALID_URL", "the URL", error),
    );
  }

  greet(generation, attempt) {
    const { socket } = this;
    const current = () => socket === this.socket && socket?.readyState === OPEN && !/clos/.test(this.state);
    settle(
      () => this.options.greet({ attempt }),
      (greeting) => {
        if (!current()) return;
        try {
          const messages = greeting === undefined ? [] : [greeting].flat();
          for (const message of messages.map((message) => this.#fitting(message))) this.give(message);
        } catch (error) {
          return this.fail(generation, error.code, "greet", error);
        }
        this.feed(Input.greeted, generation);
      },
      (error) => current() && this.fail(generation, "INVALID_DATA", "greet", error),
    );
  }

  discard(number) {
    this.payloads.take(number);
  }

  transmit(number) {
    const payload = this.payloads.take(number);
    this.give(payload.data ?? payload);
  }

  transmitPing() {
    const { ping } = this.options.heartbeat;
    try {
      this.give(this.#checked(call(ping)));
    } catch (error) {
      this.blame("INVALID_DATA", "heartbeat.ping", error);
    }
  }

  decide(generation, code, wasClean, attempt, opened) {
    const lost = { code, reason: this.reason, wasClean: !!wasClean, attempt, opened: !!opened };
    const decided = (place, after) => this.feed(Input.decided, generation, place, after);
    const failed = (error) => {
      this.blame("INVALID_OPTION", "reconnect.decide", error);
      decided(0);
    };
    settle(
      () => this.options.reconnect.decide(lost),
      (decision) => {
        const after = decision?.after;
        const place = Number.isFinite(after) && after >= 0 ? DECISIONS.length : DECISIONS.indexOf(decision);
        if (place < 0) failed(new TypeError(`no decision: ${String(decision)}`));
        else decided(place, after);
      },
      failed,
      () => this.feed(Input.decisionPending, generation),
    );
  }

  deliver(number) {
    const detail = this.detailOf(number);
    if (detail) this.listeners.emit("message", detail);
  }

  /** The detail of the event of a message that came in; undefined, and said, when it cannot be decoded. */
  detailOf(number, which = "") {
    const data = this.payloads.take(number);
    if (this.options.codec === "raw") return { data };
    try {
      return { data: decode(this, data) };
    } catch (error) {
      this.blame("INVALID_DATA", `codec.decode${which}`, error);
    }
  }

  received(generation, data) {
    const pong = this.query(Query.awaitsPong) && this.#isPong(data);
    this.feed(Input.linkMessage, generation, pong ? 0 : this.payloads.keep(data), leastSizeOf(data), !!pong);
  }

  // The page, and the end.

  tell(input) {
    super.tell(input);
    if (input === Input.suspend) this.keeper?.release();
  }

  rest() {
    this.keeper?.release();
  }

  letGo() {
    this.payloads = new Payloads();
    super.letGo();
    if (this.state === "closed" && !this.keeps) this.keeper?.forget();
    else this.keeper?.release();
  }

  /** Said once, until storage works again. */
  unstored(cause) {
    if (!this.isUnstored) this.blame("STORAGE", "in memory: storage", cause);
    this.isUnstored = true;
  }

  #checked(data) {
    if (isData(data)) return data;
    throw this.error("INVALID_DATA", "no message");
  }

  #fitting(data) {
    const { maxMessage } = this.options;
    const bytes = sizeOf(this.#checked(data), 3 * data.length > maxMessage);
    if (bytes <= maxMessage) return data;
    throw this.error("MESSAGE_TOO_LARGE", "longer than maxMessage");
  }

  #isPong(data) {
    const { pong } = this.options.heartbeat;
    if (typeof pong !== "function") return data === pong;
    try {
      return pong(data);
    } catch (error) {
      report(error);
    }
  }
}

export const call = (source) => (typeof source === "function" ? source() : source);

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

/** How a message can travel in a session: the engine puts texts together, and buffers. */
export function formOf(data) {
  if (typeof data === "string") return 0;
  return data.byteLength === undefined ? ALONE : BINARY;
}

/** 128 random bits. Not crypto.randomUUID, which insecure pages lack. */
export const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");

export const LANES = ["high", "normal", "low"];
export const VOLATILE = 4;
const BINARY = 8;
const ALONE = 16;
const DECISIONS = [undefined, "retry", "stop", "reauthenticate"];
