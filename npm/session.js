// A client with a reliable session: hello and welcome, control frames, units, handing over.
// docs/PROTOCOL.md says what they mean; counting, acknowledging and sending again is the engine's.

import { FATES, FORGOTTEN_CLAIM, GAP_REASONS, REFUSED_CLAIM } from "./boundary.js";
import { cutBinary, decodeControl, encodeControl, encodeUnit, escapeText, RESERVED } from "./frames.js";
import { call, Host, randomId } from "./host.js";
import * as Input from "./input.js";
import { leastSizeOf } from "./payload.js";
import * as Query from "./query.js";
import { Keeper } from "./storage.js";

const PROTOCOL = "steadfast.v1";

export class SessionHost extends Host {
  keeper = new Keeper(this.options.session.storage, (cause) => this.unstored(cause));

  /** The names of memories by the engine's numbers, and their numbers by name. */
  memories = new Map();
  /** The server's marks of memories, by name. */
  births = {};

  #instance = randomId();
  /** Names of users, in the order of their numbers. */
  #users = [];
  /** The engine's numbers for streams. */
  #streams = new Map([["", 0]]);
  #lastStream = 0;

  // Of the present link.
  #ready;
  #protocols;
  #stage = OPENED;
  /** The memory that its hello names. */
  #greeted;
  /** The lengths of the unit in the frame that comes next. */
  #lengths = null;

  #taskIsWatched = false;
  /** The unit that leaves now: its messages, how many they will be, and the count before them. */
  #unit = null;
  /** The message that is being handed over. */
  #detail;
  #isUnread = false;

  // What the application asks for.

  send(...message) {
    super.send(...message);
    if (this.#taskIsWatched) return;
    this.#taskIsWatched = true;
    queueMicrotask(() => {
      this.#taskIsWatched = false;
      this.feed(Input.taskOver);
    });
  }

  authenticate(token, ticket) {
    if (this.state !== "open") throw this.whyUnsettled();
    this.asked.token.push(ticket);
    this.control("auth", { token });
  }

  /** The name of a memory; that of a new one is drawn. */
  memoryOf(number) {
    if (!this.memories.has(number)) this.know(number, randomId());
    return this.memories.get(number);
  }

  know(number, memory) {
    this.memories.set(number, memory).set(memory, number);
    return number;
  }

  /** The engine's number for a user. */
  userOf(name) {
    if (!this.#users.includes(name)) this.#users.push(name);
    return this.#users.indexOf(name) + 1;
  }

  nameOf(stream) {
    for (const [name, number] of this.#streams) if (number === stream) return name;
  }

  // A link.

  offers(protocols) {
    this.#protocols = [protocols].flat();
    this.#stage = OPENED;
    this.#lengths = this.#unit = null;
    this.#ready = this.prepare();
    // An attempt that fails earlier asks for neither.
    this.#ready.catch(() => {});
    return PROTOCOL;
  }

  async greet(generation) {
    if (this.protocol !== PROTOCOL) return this.feed(Input.violated, generation);
    const { socket } = this;
    const isCurrent = () => socket && socket === this.socket;
    try {
      const [auth] = await this.#ready;
      if (auth !== undefined && typeof auth !== "string") throw new TypeError("not a string");
      if (!isCurrent()) return;
      await this.keeper.raise();
      if (isCurrent()) this.#hello(auth);
    } catch (error) {
      if (isCurrent()) this.fail(generation, "UNAUTHORIZED", "auth", error);
    }
  }

  /** All that a hello needs: what the application says of who it is. */
  prepare() {
    return Promise.all([this.#askForToken(), this.keeper.acquire(this.url)]);
  }

  /** One call at a time: an attempt that finds one under way waits for its answer, unless that has had its time. */
  #askForToken() {
    const { auth } = this.options;
    if (auth === undefined || this.asking) return this.asking;
    const asking = (async () => call(auth))().finally(() => {
      if (this.asking === asking) this.asking = undefined;
    });
    this.asking = asking;
    return asking;
  }

  #hello(auth) {
    // Nothing of what the engine does not know is on its way here.
    for (const [name, stream] of this.#streams) {
      if (stream && this.query(Query.epoch, stream) < 0) this.#streams.delete(name);
    }
    const { id: session, token, claim } = this.keeper.row;
    this.#greeted = this.memoryOf(this.query(Query.memory));
    this.control("hello", {
      session,
      token,
      instance: this.#instance,
      claim,
      memories: [this.#greeted],
      auth,
      requestId: this.requestId,
      protocols: this.#protocols,
      positions: this.positions(Query.position),
    });
    this.#stage = GREETED;
  }

  /** The epoch of each stream, and a number in it: the outbox, and the rooms heard of last, as many as a server takes. */
  positions(number) {
    const all = [...this.#streams].map(([name, stream]) => {
      return [name, [this.query(Query.epoch, stream), this.query(number, stream)]];
    });
    const known = all.filter(([, [epoch]]) => epoch >= 0);
    return Object.fromEntries([...known.splice(0, 1), ...known.slice(1 - STREAMS)]);
  }

  control(name, body) {
    this.give(encodeControl(name, this.query(Query.givenMessages), body));
  }

  // What comes in.

  received(generation, data) {
    const lengths = this.#lengths;
    this.#lengths = null;
    if (lengths) {
      const messages = typeof data === "string" ? null : cutBinary(data, lengths);
      return this.#receiveUnit(generation, messages);
    }
    if (data[0] !== RESERVED) this.#receiveUnit(generation, [data]);
    else if (data[1] === RESERVED) this.#receiveUnit(generation, [data.slice(1)]);
    else this.#receiveControl(generation, decodeControl(data, this.frames));
  }

  #receiveUnit(generation, messages) {
    if (this.#stage !== WELCOMED || !messages) return this.feed(Input.violated, generation);
    const { socket } = this;
    for (const message of messages) {
      if (socket === this.socket)
        this.feed(Input.linkMessage, generation, this.payloads.keep(message), leastSizeOf(message), 0);
    }
  }

  #receiveControl(generation, frame) {
    const { name, count, body } = frame ?? {};
    const wanted = name === "error" ? this.#stage : name === "welcome" ? GREETED : WELCOMED;
    if (!frame || this.#stage !== wanted) return this.feed(Input.violated, generation);
    const { socket } = this;
    this.feed(Input.counted, generation, count);
    if (socket === this.socket) this.act(generation, name, body);
  }

  /** What a frame says. */
  act(generation, name, body) {
    const memory = this.memories.get(body.memory);
    switch (name) {
      case "welcome":
        return this.#welcome(generation, body);
      case "texts":
        return this.#receiveUnit(generation, body);
      case "binaries":
        this.#lengths = body;
        return;
      case "stored":
        return memory && this.feed(Input.stored, generation, memory, body.lane, body.number);
      case "adopted":
        return memory && this.feed(Input.adopted, generation, memory, ...this.claim(body.memory, body));
      case "from": {
        const reason = GAP_REASONS.indexOf(body.reason ?? "");
        const stream = this.streamOf(body.stream);
        return this.feed(Input.from, generation, stream, body.epoch, body.next, reason < 0 ? OTHER : reason);
      }
      case "volatile":
        return this.feed(Input.volatile, generation, this.streamOf(body.stream));
      case "ping":
        return this.feed(Input.pinged, generation, body.id);
      case "pong":
        return this.feed(Input.ponged, generation, body.id);
      case "authenticated":
        return this.resolve(this.asked.token.shift());
      default:
        this.log("warn", `the server: ${body.message}`, { errorCode: body.errorCode });
        if (body.errorCode === "UNAUTHORIZED") this.rejectAsked("token", this.error(body.errorCode, body.message));
    }
  }

  #welcome(generation, body) {
    const { id } = this.keeper.row;
    const { session, resumed, reason } = body;
    if (resumed && session !== id) return this.feed(Input.violated, generation);
    this.#stage = WELCOMED;
    this.welcomed(generation, body, resumed || reason === "user" ? reason : id ? "lost" : "new");
  }

  /** The session is there, and this is what has become of the one before. */
  welcomed(generation, body, fate) {
    const { session: id, resumed, memories, user, window, maxMessage, retry, protocol } = body;
    const memory = this.#greeted;
    this.protocol = protocol ?? "";
    this.session = Object.freeze({ id, resumed });
    this.user = user;
    this.keeper.renew(body, fate);
    const said = [...this.claim(memory, memories?.[memory]), ...window, maxMessage, FATES.indexOf(fate), retry ?? -1];
    this.feed(Input.welcomed, generation, ...said, this.userOf(user));
  }

  /** What the server has of each lane of a memory, or why it does not say. */
  claim(memory, { birth, received } = {}) {
    if (!birth) return REFUSED_CLAIM;
    const known = this.births[memory] ?? birth;
    this.births[memory] = birth;
    return known === birth ? received : FORGOTTEN_CLAIM;
  }

  /** The engine's number for a stream: that of no other one. */
  streamOf(name) {
    const number = this.#streams.get(name) ?? ++this.#lastStream;
    this.#streams.set(name, number);
    return number;
  }

  // What the engine answers.

  transmit(payload) {
    const { data } = this.payloads.get(payload);
    const unit = this.#unit;
    if (!unit) return this.give(typeof data === "string" ? escapeText(data) : data);
    if (unit.messages.push(data) < unit.size) return;
    this.#unit = null;
    for (const frame of encodeUnit(unit.count, unit.messages)) this.give(frame);
  }

  unit(size) {
    this.#unit = { size, count: this.query(Query.givenMessages), messages: [] };
  }

  transmitPing(id) {
    this.control("ping", { id });
  }

  pong(id) {
    this.control("pong", { id });
  }

  acknowledge(stream, epoch, number) {
    this.control("handed", { stream: this.nameOf(stream), epoch, number });
  }

  lane(memory, lane, next) {
    this.control("lane", { memory: this.memoryOf(memory), lane, next });
  }

  adopt(memory) {
    this.control("adopt", { memory: this.memoryOf(memory) });
  }

  /** Somebody else has the session: the next is another. */
  abandon() {
    this.#instance = randomId();
    this.session = null;
    this.keeper.abandon();
  }

  ask() {
    this.control("ask");
  }

  end() {
    this.control("end");
  }

  deliver(payload, stream, number) {
    const name = this.nameOf(stream);
    this.#detail = this.detailOf(payload, ` of ${number} in "${name}"`);
    if (!this.#detail) return this.feed(Input.handedOver);
    Object.assign(this.#detail, { session: this.session.id, stream: name, number: number || null });
    this.#offer();
  }

  // Handing over.

  /** A message that nobody took is for who listens next. */
  listen(on) {
    if (on && this.#isUnread) this.#offer();
    super.listen(on);
  }

  /** Over when every listener has returned, and every iterator has asked for the next. */
  #offer() {
    this.#isUnread = false;
    const takers = this.listeners.emit("message", this.#detail);
    const done = (taken) => {
      this.#isUnread = !taken.includes(true);
      if (!this.#isUnread) this.feed(Input.handedOver);
    };
    if (takers.every((taken) => taken === true)) done(takers);
    else Promise.all(takers).then(done);
  }
}

/** Streams that a session may have. */
const STREAMS = 64;
/** How far a link is: connected, hello sent, welcome received. */
const OPENED = 0;
const GREETED = 1;
const WELCOMED = 2;
/** The place of "other" in the list of reasons. */
const OTHER = GAP_REASONS.indexOf("other");
