// Driving the engine: hand in one thing, do all that it answers, set one timer, and again.

import { known, OUTPUTS, REFUSALS, STATES } from "./boundary.js";
import * as Input from "./input.js";
import { NEWS } from "./news.js";
import { isOnline, watchPage } from "./page.js";
import * as Query from "./query.js";
import { LONGEST_DELAY, Tickets } from "./tickets.js";
import { createClient } from "./wasm.js";

/**
 * One engine, its timer and its page. What drives it has a method for each
 * output that is no news, and says how much is `buffered` and how to `letGo` of the socket.
 */
export class Driver extends Tickets {
  /** The state that listeners were told last. */
  shown = STATES[0];

  #client;
  draining;
  /** What it shows when there is no engine any more. */
  #last = {};
  #timer;
  #ringsAt = LATEST;
  #unwatch;

  /** Makes the engine, once nothing else can go wrong: what is refused leaves none behind. */
  start(numbers, seed) {
    this.#client = createClient(this.options.kit.wasm, numbers, seed);
    this.#last = { state: this.state, health: this.health, queued: this.queued };
  }

  get state() {
    return this.#client ? STATES[this.query(Query.state)] : this.#last.state;
  }

  get health() {
    return this.#same("health", () => {
      const now = performance.now();
      const field = (at) => this.query(Query.health + at, now);
      return {
        score: field(0),
        grade: ["healthy", "degraded", "unhealthy"][field(1)],
        rtt: known(field(2)),
        jitter: known(field(3)),
        loss: field(4),
        reconnects: field(5),
        throughput: Object.freeze({ sent: field(6), received: field(7) }),
        trend: ["improving", "steady", "worsening"][field(8)],
      };
    });
  }

  get queued() {
    return this.#same("queued", () => ({
      messages: this.query(Query.queuedMessages),
      bytes: this.query(Query.queuedBytes),
    }));
  }

  /** `later`: the first attempt begins after the present task, when listeners are there. */
  connect(later) {
    if (!later) return this.request(Input.connect, isOnline());
    this.draining = true;
    this.feed(Input.connect, isOnline());
    this.draining = false;
    // Any input starts what has been asked for; this one changes nothing.
    queueMicrotask(() => this.feed(Input.withdraw, 0));
  }

  /** Tells the engine what happened. 0, or the place of the refusal. */
  feed(input, ...fields) {
    try {
      const refusal = this.#client?.handle(input, performance.now(), Date.now(), ...fields) ?? CLOSED;
      this.drainOutputs();
      return refusal;
    } catch (error) {
      this.#break(error);
      return CLOSED;
    }
  }

  /** What happened to the page. */
  tell(input) {
    // A probe behind bytes that seem to wait would get more time.
    this.feed(Input.transmitted, 0, this.buffered());
    this.feed(input, isOnline());
  }

  /** The client is at rest, and may start again. */
  rest() {}

  request(input, ...fields) {
    const refusal = this.feed(input, ...fields);
    if (refusal) throw this.gone(refusal);
  }

  query(what, argument) {
    return this.#client?.query(what, argument) ?? 0;
  }

  /** A call from inside, by a listener, only adds to what the loop outside will find. */
  drainOutputs() {
    const client = this.#client;
    if (this.draining || !client) return;
    this.draining = true;
    for (let name; name !== "wait"; ) {
      const [output, ...details] = client.poll();
      name = OUTPUTS[output];
      if (NEWS[name]) NEWS[name](this, ...details);
      else this[name](...details);
    }
    this.draining = false;
    this.#settleDown();
  }

  /** One timer for all deadlines. It may ring too early: traffic that moves a deadline on costs nothing. */
  wait(at) {
    if (at <= LATEST && this.#ringsAt <= at) return;
    clearTimeout(this.#timer);
    this.#ringsAt = at;
    if (at > LATEST) return;
    const ring = () => {
      this.#ringsAt = LATEST;
      this.feed(Input.timeout, this.buffered());
    };
    this.#timer = setTimeout(ring, Math.min(Math.ceil(at - performance.now()), LONGEST_DELAY));
  }

  /** Nothing that this client has on the platform outlives its being at rest. */
  #settleDown() {
    if (!/idle|closed|failed/.test(this.shown)) {
      this.#unwatch ??= watchPage((input) => this.tell(input));
      return;
    }
    this.#unwatch?.();
    this.#unwatch = null;
    if (this.shown === "closed") this.#free();
    else this.rest();
  }

  #free() {
    this.#last = { state: "closed", health: this.health, queued: this.queued };
    this.#client.free();
    this.#client = null;
    this.letGo();
  }

  /** The module trapped: a bug. The client is of no use any more, and says so. */
  #break(cause) {
    this.#client = null;
    this.draining = false;
    const broken = this.error("INTERNAL", `bug: ${cause}`, cause);
    this.#last = { ...this.#last, state: "failed", broken };
    clearTimeout(this.#timer);
    this.#unwatch?.();
    this.letGo();
    this.rejectAll(broken, true);
    this.emit("statechange", { from: this.shown, to: "failed" }, "debug");
    this.emit("failed", broken, "error");
  }

  /** The object that was given last, as long as nothing in it has changed. */
  #same(name, read) {
    const fresh = this.#client && read();
    if (fresh && JSON.stringify(this.#last[name]) !== JSON.stringify(fresh)) this.#last[name] = Object.freeze(fresh);
    return this.#last[name];
  }

  /** Why it is of no use any more, or refuses. */
  gone(refusal = CLOSED) {
    return this.#last.broken ?? this.error(...REFUSALS[refusal]);
  }
}

/** The place of the refusal of a client that is of no use any more. */
const CLOSED = 1;
/** Later than any real moment: the engine's "never" lies beyond. */
const LATEST = 2 ** 50;
