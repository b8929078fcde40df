// A network that does what a test says: sockets with the platform's interface, and a script for the other side.

/** Sockets that were made, and a class that makes them: the option `webSocket`. */
export class FakeNetwork {
  sockets = [];
  #taken = 0;
  #waiting = [];

  constructor() {
    const made = (socket) => {
      this.sockets.push(socket);
      for (const wake of this.#waiting.splice(0)) wake();
    };
    this.WebSocket = class extends FakeSocket {
      constructor(url, protocols) {
        super(url, protocols);
        made(this);
      }
    };
  }

  /** The next socket that no test has taken yet and the client has not closed, as soon as it is made. */
  async next() {
    for (;;) {
      while (this.sockets.length === this.#taken) await this.made();
      const socket = this.sockets[this.#taken++];
      if (socket.readyState < CLOSING) return socket;
    }
  }

  /** Until another socket is made. */
  made() {
    return new Promise((wake) => this.#waiting.push(wake));
  }

  /** The next socket, open. */
  async open(protocol) {
    const socket = await this.next();
    socket.open(protocol);
    return socket;
  }

  /** Refers to no socket any more. */
  forget() {
    this.sockets.length = 0;
    this.#taken = 0;
  }

  /** Sockets that are connecting or open. */
  get live() {
    return this.sockets.filter(({ readyState }) => readyState < CLOSING);
  }
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** One socket. The members after `close` play the other side and the network. */
class FakeSocket extends EventTarget {
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  binaryType = "blob";
  readyState = CONNECTING;
  bufferedAmount = 0;
  protocol = "";
  extensions = "";
  /** What it was given, each as it was at that moment: a string, or the bytes as an array. */
  sent = [];
  /** The very values it was given. */
  given = [];
  /** The arguments of `close`, once it was called. */
  closedWith = null;
  /** Keeps what it is given in `bufferedAmount`, until `drain`; otherwise it has left when the present task is done. */
  congested = false;

  #watchers = new Set();

  constructor(url, protocols) {
    super();
    this.url = url;
    this.protocols = protocols;
  }

  /** What `find` makes of `sent`, as soon as that is something. */
  until(find) {
    return new Promise((resolve) => {
      const watch = () => {
        const found = find(this.sent);
        if (found === undefined) return false;
        this.#watchers.delete(watch);
        resolve(found);
        return true;
      };
      if (!watch()) this.#watchers.add(watch);
    });
  }

  send(data) {
    if (this.readyState === CONNECTING) throw new DOMException("still connecting", "InvalidStateError");
    const bytes = bytesOf(data);
    this.bufferedAmount += bytes.length;
    if (this.readyState !== OPEN) return;
    if (!this.congested) queueMicrotask(() => this.drain(bytes.length));
    this.given.push(data);
    this.sent.push(typeof data === "string" ? data : [...bytes]);
    for (const watch of this.#watchers) watch();
  }

  close(code, reason = "") {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(`the code ${code}`, "InvalidAccessError");
    }
    if (new TextEncoder().encode(reason).length > 123) throw new DOMException("the reason", "SyntaxError");
    if (this.readyState >= CLOSING) return;
    this.readyState = CLOSING;
    this.closedWith = { code, reason };
  }

  open(protocol = "") {
    this.readyState = OPEN;
    this.protocol = protocol;
    this.#fire(new Event("open"));
  }

  message(data) {
    this.#fire(new MessageEvent("message", { data }));
  }

  /** The socket says that it has closed; 1006: without a close frame, or never opened. */
  drop(code = 1006, reason = "") {
    this.readyState = CLOSED;
    if (code === 1006) this.#fire(new Event("error"));
    this.#fire(new CloseEvent("close", { code, reason, wasClean: code !== 1006 }));
  }

  /** All that was buffered, or so many bytes of it, leaves for the network. */
  drain(bytes = this.bufferedAmount) {
    this.bufferedAmount -= bytes;
  }

  #fire(event) {
    this[`on${event.type}`]?.(event);
    this.dispatchEvent(event);
  }
}

for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) FakeSocket[name] = value;

function bytesOf(data) {
  if (typeof data === "string") return new TextEncoder().encode(data);
  if (data instanceof Blob) return new Uint8Array(data.size);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}
