// A session whose messages, or whose state, outlive the page.

import { Database } from "./connection.js";
import { Durable } from "./durable.js";
import { VOLATILE } from "./host.js";
import * as Input from "./input.js";
import { DurableKeeper } from "./memories.js";
import { SessionHost } from "./session.js";
import { Snapshots } from "./snapshot.js";
import { STATE_FRAMES } from "./state-frames.js";
import { Keeper } from "./storage.js";

export class StatefulSession extends SessionHost {
  frames = STATE_FRAMES;
  database = new Database((cause) => this.unstored(cause));
  /** What is sent and outlives the page, where it does. */
  durable = this.options.queue?.persist && new Durable(this);
  /** The application's state, where it is saved. */
  snapshots = this.options.snapshot && new Snapshots(this);
  keeper = this.durable
    ? new DurableKeeper(this)
    : new Keeper(this.options.session.storage, (cause) => this.database.fail(cause));
  /** What the server was told last of who the application is. */
  credentials;

  /** The options of the message that is being sent. */
  #how;

  constructor(...made) {
    super(...made);
    /** What it was made of. */
    this.made = made;
  }

  // What the application asks for.

  connect(later) {
    this.#comeBack();
    super.connect(later);
    if (this.durable) this.keeper.acquire("");
  }

  reconnect(reason) {
    this.#comeBack();
    super.reconnect(reason);
  }

  send(value, how, ticket) {
    const before = this.#how;
    this.#how = how || {};
    try {
      super.send(value, how, ticket);
    } finally {
      this.#how = before;
    }
  }

  request(input, ...fields) {
    const [number, , lane, , , ticket] = fields;
    if (input === Input.send && this.durable && !(lane & VOLATILE)) this.durable.add(number, this.#how, ticket);
    super.request(input, ...fields);
  }

  /** That of the durable queue, where there is one. */
  get instance() {
    return this.keeper.row.instance ?? super.instance;
  }

  /** Each session of a durable queue has its own. */
  get memory() {
    return this.keeper.row.own ?? super.memory;
  }

  authenticate(token, ticket) {
    super.authenticate(token, ticket);
    this.credentials = token;
  }

  beginAnew() {
    if (this.durable) this.durable.abandon();
    super.beginAnew();
  }

  // The page, and the end.

  tell(input) {
    if (input === Input.suspend) this.database.turn(true);
    if (input === Input.wake) this.#comeBack();
    super.tell(input);
    if (input === Input.suspend && this.durable) this.durable.suspend();
  }

  /** Not every page that is in use again is told so. */
  #comeBack() {
    if (!this.database.turn(false) || !this.durable) return;
    this.durable.resume();
    this.keeper.acquire("");
  }

  /** What waits is this client's, with or without links. */
  rest() {
    if (!this.durable) super.rest();
  }

  letGo() {
    super.letGo();
    if (this.durable && this.keeps) this.durable.letGo();
    this.database.retire();
  }

  // A link.

  dial(generation) {
    this.#comeBack();
    super.dial(generation);
  }

  async prepare() {
    const ready = await super.prepare();
    [this.credentials] = ready;
    if (this.snapshots) await this.snapshots.ready();
    return ready;
  }

  control(name, body) {
    if (name !== "hello") return super.control(name, body);
    const { keeper } = this;
    // Another page may have the record, where storage has failed or gone back, and begin a session as well.
    if (this.durable && !keeper.row.id) body.memories = [keeper.beginMemory()];
    super.control(name, { ...body, window: this.options.window, ...this.snapshots?.hello() });
  }

  /** Between a welcome and the state that it tells of nothing else may come. */
  act(generation, name, body) {
    const isOfState = /^(part|saved|unsaved)$/.test(name);
    const isInTurn = !this.snapshots?.gathering || name === "part" || name === "error";
    if (isInTurn && !isOfState) super.act(generation, name, body);
    else if (!isInTurn || !this.snapshots?.receive(name, body)) this.feed(Input.violated, generation);
  }

  welcomed(generation, body, fate) {
    const { user = body.user } = this.keeper.row;
    // Whatever became of the session: what is stored with it is still another's.
    if (this.durable && user !== body.user) fate = "user";
    if (this.durable) this.births = this.keeper.row.births ??= {};
    const { socket } = this;
    const go = () => {
      if (socket !== this.socket) return;
      super.welcomed(generation, body, fate, fate === "user" || (this.durable && fate === "lost"));
      if (this.durable) this.durable.begun();
    };
    if (this.snapshots) this.snapshots.welcomed(body, go);
    else go();
  }

  // What the engine answers.

  write(payload, number) {
    this.durable.write(payload, number);
  }

  commit() {
    this.durable.commit();
  }

  release(payload) {
    this.durable.release(payload);
  }

  capture(why) {
    this.snapshots.capture(why);
  }

  save(what) {
    this.snapshots.save(what);
  }
}
