// What one client has on the platform: the socket, the timer, the page, the application's
// functions. It decides nothing: it hands the engine what happened, and does what it answers.

import { TAKES_NOTHING } from "./boundary.js";
import { decode, encode } from "./codec.js";
import { Driver } from "./driver.js";
import { SteadfastError } from "./error.js";
import * as Input from "./input.js";
import { Listeners, report } from "./listeners.js";
import { createLog } from "./log.js";
import { areProtocols } from "./options.js";
import { isData, roughSizeOf, sizeOf } from "./payload.js";
import { Held, Payloads } from "./payloads.js";
import * as Query from "./query.js";
import { resolveUrl } from "./url.js";

export class Host extends Driver {
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

  payloads = new Payloads();

  #source;
  #WebSocket;
  #listening = false;
  #takingBack = false;
  #socket = null;
  #reason = "";
  #pings = [];

  constructor(source, options, numbers) {
    super();
    this.#source = source;
    this.options = options;
    this.#WebSocket = options.webSocket ?? globalThis.WebSocket;
    if (typeof this.#WebSocket !== "function") {
      throw this.error("UNSUPPORTED", "no WebSocket here: see the option webSocket");
    }
    if (typeof source !== "function") this.url = this.#resolve(source, false);
    this.log = createLog(options.log, this);
    this.heartbeat = options.heartbeat ?? DEFAULT_HEARTBEAT;
    this.start(numbers, Number.parseInt(randomId().slice(0, 13), 16));
  }

  // What the application asks for.

  reconnect(reason) {
    this.#reason = reason;
    this.ask(Input.reconnect);
  }

  close(code, reason) {
    if (/clos/.test(this.state)) return;
    this.farewell = { code, reason };
    this.feed(Input.close);
  }

  send(value, how, ticket = 0) {
    const data = this.#checked(this.options.codec === "raw" ? value : encode(this, value));
    const buffered = this.buffered();
    const waits = this.draining || this.query(Query.wouldWait, buffered) !== 0;
    const size = sizeOf(data, waits || 3 * data.length > this.options.maxMessage);
    const number = this.payloads.keep(waits ? new Held(data, value) : data);
    try {
      const lane = LANES.indexOf(how?.priority ?? "normal") + (how?.volatile ? VOLATILE : 0);
      const key = how?.key === undefined ? -1 : this.payloads.numberOfKey(how.key);
      this.ask(Input.send, number, size, lane, how?.ttl ?? -1, key, ticket, buffered);
    } catch (error) {
      this.discard(number);
      throw error;
    }
  }

  flush(ticket) {
    this.ask(Input.flush, ticket, this.buffered());
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
    this.#pings.push(ticket);
    this.ask(Input.ping);
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

  takePings() {
    return this.#pings.splice(0);
  }

  /** A message that still waits is taken back when its ticket is given up. */
  withdraw(ticket, error) {
    this.reject(ticket, error);
    this.feed(Input.withdraw, ticket);
  }

  whyUnsettled() {
    if (this.failure) return this.failure;
    if (this.#takingBack) return this.error("ABORTED", "the message was taken back");
    const closed = /clos/.test(this.state);
    return closed ? this.gone() : this.error("NOT_OPEN", "the link was lost");
  }

  // What the engine answers.

  dial(generation) {
    this.requestId = randomId();
    const { protocols } = this.options;
    const wanted = () => this.query(Query.expectsLink, generation) !== 0;
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
    const current = () => socket === this.#socket && socket?.readyState === OPEN && !/clos/.test(this.state);
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

  discard(number) {
    this.payloads.take(number);
  }

  transmit(number) {
    const payload = this.payloads.take(number);
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
    let data = this.payloads.take(number);
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
      const pong = this.query(Query.awaitsPong) !== 0 && this.#isPong(data);
      const number = pong ? 0 : this.payloads.keep(data);
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

  letGo() {
    this.payloads = new Payloads();
    this.#detach()?.close();
  }

  #detach() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  /** What the socket has still to send; a closing one swallows what it is given. */
  buffered() {
    if (!this.#socket) return 0;
    return this.#socket.readyState > OPEN ? TAKES_NOTHING : this.#socket.bufferedAmount;
  }

  #give(data) {
    const socket = this.#socket;
    if (!socket) return;
    const before = socket.bufferedAmount;
    socket.send(data);
    const after = socket.bufferedAmount;
    this.feed(Input.transmitted, Math.max(after - before, 0), after);
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
const LANES = ["high", "normal", "low"];
const VOLATILE = 4;
const DECISIONS = [undefined, "retry", "stop", "reauthenticate"];
const REQUESTED = 5;
const DEFAULT_HEARTBEAT = { ping: "PING", pong: "PONG", timeout: 10_000 };
