// A session whose messages, or whose state, outlive the page.

import { MEMORY_FOUND } from "./boundary.js";
import { Database } from "./database.js";
import * as Input from "./input.js";
import { Keep } from "./keep.js";
import { Locks } from "./locks.js";
import { sees } from "./notes.js";
import { Reader } from "./recall.js";
import { SessionHost } from "./session.js";
import { Snapshots } from "./snapshot.js";
import { STATE_FRAMES } from "./state-frames.js";

export class StatefulSession extends SessionHost {
  frames = STATE_FRAMES;
  database = new Database(() => this.keep?.lost());
  /** What is sent and outlives the page, where it does: its rows, what was left by others, and whose it is. */
  keep = this.options.queue?.persist ? new Keep(this) : undefined;
  reader = this.keep && new Reader(this);
  locks = this.keep && new Locks(this);
  /** The application's state, where it is saved. */
  snapshots = this.options.snapshot && new Snapshots(this);
  /** What the server was told last of who the application is. */
  credentials;

  constructor(...made) {
    super(...made);
    // So that it is there when the first message is sent.
    if (this.keep) this.database.open().catch(() => {});
  }

  // What the application asks for.

  authenticate(token, ticket) {
    super.authenticate(token, ticket);
    this.credentials = token;
  }

  letGo() {
    super.letGo();
    if (this.keep) this.locks.unlockAll();
    this.database.retire();
  }

  // A link.

  async prepare() {
    const ready = await super.prepare();
    [this.credentials] = ready;
    if (this.snapshots) await this.snapshots.ready();
    return ready;
  }

  control(name, body) {
    const isHello = name === "hello";
    super.control(name, isHello ? { ...body, window: this.options.window, ...this.snapshots?.hello() } : body);
  }

  /** Between a welcome and the state that it tells of nothing else may come. */
  act(generation, name, body) {
    const isOfState = /^(part|saved|unsaved)$/.test(name);
    const isInTurn = !this.snapshots?.gathering || name === "part" || name === "error";
    if (isInTurn && !isOfState) super.act(generation, name, body);
    else if (!isInTurn || !this.snapshots?.receive(name, body)) this.feed(Input.violated, generation);
  }

  welcomed(generation, body, fate) {
    const { socket } = this;
    const go = () => socket === this.socket && super.welcomed(generation, body, fate);
    if (this.snapshots) this.snapshots.welcomed(body, go);
    else go();
  }

  claim(memory, said) {
    if (this.keep && said?.birth) this.keep.claimed(memory, said.birth, this.user);
    return super.claim(memory, said);
  }

  // What the engine answers.

  /** Whoever reads it next has it. */
  release(payload) {
    const { ticket } = this.payloads.take(payload);
    this.keep.rows.delete(payload);
    const isOver = /clos/.test(this.state);
    this.reject(ticket, isOver ? this.gone() : this.error("ABORTED", "another page has it"));
  }

  /** Who does not see what others have noted does not know. */
  done(memory) {
    if (memory < MEMORY_FOUND || sees()) this.control("done", { memory: this.memoryOf(memory) });
  }

  storage(works) {
    const { reason } = this.keep;
    if (works) {
      this.isUnstored = false;
      this.keeper.mended();
      this.reader.again();
    } else this.unstored(reason);
    const detail = { state: works ? "restored" : "failed", reason: reason?.message ?? "no answer" };
    this.emit("storage", detail, works ? "info" : "warn");
  }

  capture(why) {
    this.snapshots.capture(why);
  }

  save(what) {
    this.snapshots.save(what);
  }
}

/** What else the engine asks of storage, and who does it. */
const DOES = {
  keep: ["put", "mark", "erase", "ended", "retry"],
  reader: ["recall", "read", "forget"],
  locks: ["lock", "unlock"],
};
for (const [part, names] of Object.entries(DOES)) {
  for (const name of names) {
    StatefulSession.prototype[name] = function (...given) {
      this[part][name](...given);
    };
  }
}
