// The socket of one client: opening it, giving it messages, hearing from it, letting go of it.

import { TAKES_NOTHING } from "./boundary.js";
import { Driver } from "./driver.js";
import { SteadfastError } from "./error.js";
import * as Input from "./input.js";
import { areProtocols } from "./options.js";
import { resolveUrl } from "./url.js";

/**
 * An engine with a socket. What is built on it says what a socket `offers` and what follows when a
 * message is `received`.
 */
export class Link extends Driver {
  requestId = "";
  url = "";
  protocol = "";
  farewell = { code: 1000, reason: "" };
  /** The last error of a function of the application. */
  fault;
  lastCode;
  /** Why the link was lost, or is to be dropped. */
  reason = "";
  socket;

  #WebSocket;

  constructor(source, options) {
    super();
    this.options = options;
    this.#WebSocket = options.webSocket ?? globalThis.WebSocket;
    if (typeof this.#WebSocket !== "function") {
      throw this.error("UNSUPPORTED", "no WebSocket");
    }
    try {
      if (typeof source !== "function") this.url = resolveUrl(source);
    } catch (error) {
      throw this.error("INVALID_URL", error.message, error);
    }
  }

  get bufferedAmount() {
    return this.socket?.bufferedAmount ?? 0;
  }

  error(code, message, cause) {
    return new SteadfastError(code, message, this.requestId, cause);
  }

  /** How a link was lost, with what only the platform knows. */
  closeInfo(cause, code, wasClean) {
    const asked = cause === REQUESTED && this.state !== "reconnecting" ? this.farewell.code : code;
    return { code: asked, reason: this.reason, wasClean: !!wasClean };
  }

  open(generation, source, protocols) {
    let socket;
    try {
      this.url = resolveUrl(source, this.options.requestIdParam, this.requestId);
      if (!areProtocols(protocols)) throw this.error("INVALID_OPTION", "subprotocols, each once");
      socket = new this.#WebSocket(this.url, this.offers(protocols));
    } catch (error) {
      return this.fail(generation, "INVALID_URL", "the URL", error, 1);
    }
    socket.binaryType = this.options.binaryType;
    socket.onopen = () => {
      this.protocol = socket.protocol;
      this.feed(Input.linkOpened, generation);
    };
    socket.onmessage = ({ data }) => this.received(generation, data);
    socket.onclose = ({ code, reason, wasClean }) => {
      this.#detach();
      this.reason = reason;
      this.lastCode = code;
      this.feed(Input.linkClosed, generation, code, !!wasClean);
    };
    // Some implementations throw what nobody listens to; the close event says the same.
    socket.onerror = ignore;
    this.socket = socket;
  }

  /** The subprotocols of a new socket. */
  offers(protocols) {
    return protocols;
  }

  give(data) {
    if (!this.socket) return;
    const before = this.bufferedAmount;
    this.socket.send(data);
    const after = this.bufferedAmount;
    this.feed(Input.transmitted, Math.max(after - before, 0), after);
  }

  /** What the socket has still to send; a closing one swallows what it is given. */
  buffered() {
    return this.socket?.readyState > OPEN ? TAKES_NOTHING : this.bufferedAmount;
  }

  hangUp(why) {
    const [code, reason = ""] = [
      [this.farewell.code, this.farewell.reason],
      [1000, this.reason],
      [4000, "suspended"],
      [4001, "heartbeat timeout"],
      [],
      [4400, "protocol"],
    ][why];
    this.reason = reason;
    const socket = this.#detach();
    try {
      socket?.close(code, reason);
    } catch {
      // It is detached: whether it closes is not heard of any more.
    }
  }

  letGo() {
    this.#detach()?.close();
  }

  /** An attempt has failed, because of a function of the application or what it gave. */
  fail(generation, code, what, cause, fatal = 0) {
    this.blame(code, what, cause);
    this.feed(Input.linkFailed, generation, fatal);
  }

  blame(code, what, cause) {
    const typed = cause instanceof SteadfastError;
    this.fault = typed ? cause : this.error(code, `${what} failed: ${cause?.message ?? cause}`, cause);
    this.complain(this.fault);
  }

  #detach() {
    const { socket } = this;
    if (socket) this.socket = socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }
}

/** Of no closure: a socket that is closing must not hold on to its client. */
const ignore = () => {};

export const OPEN = 1;
const REQUESTED = 5;
