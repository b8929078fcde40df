// A client with a reliable session: hello and welcome, control frames, units, handing over.
// docs/PROTOCOL.md says what they mean; counting, acknowledging and sending again is the engine's.

import { FATES, GAP_REASONS } from "./boundary.js";
import { cutBinary, decodeControl, encodeControl, encodeUnit, escapeText, RESERVED } from "./frames.js";
import { call, Host, randomId } from "./host.js";
import * as Input from "./input.js";
import { leastSizeOf } from "./payload.js";
import * as Query from "./query.js";
import { Keeper } from "./storage.js";

const PROTOCOL = "steadfast.v1";

export class SessionHost extends Host {
  keeper = new Keeper(this.options.session.storage, (cause) => this.unstored(cause));

  /** Birth marks of memories, by name. */
  births = {};

  #instance = randomId();
  /** The engine's numbers for streams. */
  #streams = new Map([["", 0]]);
  #lastStream = 0;

  // Of the present link.
  #ready;
  #protocols;
  #stage = OPENED;
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

  /** Somebody else has the session now: what follows is a new memory, and another session. */
  beginAnew() {
    this.#instance = randomId();
    this.session = null;
    this.keeper.abandon();
  }

  /** Which page this is. */
  get instance() {
    return this.#instance;
  }

  /** Whose messages it sends. */
  get memory() {
    return this.instance;
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
    this.control("hello", {
      session,
      token,
      instance: this.instance,
      claim,
      memories: [this.memory],
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
    switch (name) {
      case "welcome":
        return this.#welcome(generation, body);
      case "texts":
        return this.#receiveUnit(generation, body);
      case "binaries":
        this.#lengths = body;
        return;
      case "stored":
        // One of another memory says nothing new.
        return body.memory === this.memory && this.feed(Input.stored, generation, body.number);
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
    const { session, resumed, reason, memories } = body;
    if (resumed && session !== id) return this.feed(Input.violated, generation);
    const others = resumed ? reason : id ? "lost" : "new";
    this.#stage = WELCOMED;
    this.welcomed(generation, body, reason !== "user" && memories?.[this.memory] ? others : "user");
  }

  /** The session is there, and this is what has become of the one before. `isLeft`: another memory is to follow. */
  welcomed(generation, body, fate, isLeft = fate === "user") {
    const { session: id, resumed, memories, window, maxMessage, retry, protocol } = body;
    const { memory, births } = this;
    let stored = -1;
    if (isLeft) this.#instance = randomId();
    else {
      const { birth, received } = memories[memory];
      // Another birth mark: the server has forgotten what it had of the memory.
      if ((births[memory] ?? birth) === birth) stored = received[LANE];
      births[memory] = birth;
      this.control("lane", { memory, lane: LANE, next: Math.max(stored, 0) + 1 });
    }
    this.protocol = protocol ?? "";
    this.session = Object.freeze({ id, resumed });
    this.keeper.renew({ ...body, stored, isLeft }, fate);
    // A link speaks for the memory of its hello, and takes nothing of another one.
    const room = isLeft ? [0, 0] : window;
    this.feed(Input.welcomed, generation, stored, ...room, maxMessage, FATES.indexOf(fate), retry ?? -1);
    // Who delivers what another user has left has nothing of its own.
    if (isLeft && !(this.options.adopted && fate === "user")) this.feed(Input.reconnect, true);
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
/** All messages go in the order in which they leave the queue: in one lane. */
const LANE = 1;
/** How far a link is: connected, hello sent, welcome received. */
const OPENED = 0;
const GREETED = 1;
const WELCOMED = 2;
/** The place of "other" in the list of reasons. */
const OTHER = GAP_REASONS.indexOf("other");
