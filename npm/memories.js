// Which memory a durable queue uses, and who may: as for any session, and with what the queue has to do with it.

import { randomId } from "./host.js";
import { hold, isGood, Keeper } from "./storage.js";

export class DurableKeeper extends Keeper {
  #database;
  #durable;
  #acquired;
  #read;
  /** How often the claim was raised since the last welcome. */
  #raised = 0;

  constructor({ database, durable }) {
    // What cannot be used is removed with its rows, by whoever finds that out: `check`.
    const rows = async (_row, change) => (change ? undefined : ((await durable.readRecords()) ?? []));
    super("browser", (cause) => database.fail(cause), rows);
    this.row.name = durable.name;
    this.#database = database;
    this.#durable = durable;
  }

  /** Until the engine has all that is stored as well. */
  acquire(url) {
    const acquired = super.acquire(url);
    const { turn } = this;
    if (acquired !== this.#acquired) this.#read = acquired.then(() => turn === this.turn && this.#durable.load());
    this.#acquired = acquired;
    return this.#read;
  }

  /** By more each time that no welcome follows: storage that has gone back may have forgotten many. */
  raise() {
    this.row.claim += 2 ** Math.min(this.#raised++, LAST_STEP) - 1;
    return super.raise();
  }

  /** What a session's messages are numbered in. */
  beginMemory() {
    const own = randomId();
    Object.assign(this.row, { own, births: {} });
    return own;
  }

  renew(welcome, fate) {
    this.#raised = 0;
    super.renew(welcome, fate);
    this.row.user = welcome.user;
    if (welcome.isLeft) this.beginMemory();
    this.#durable.welcomed(welcome, fate);
  }

  forget() {
    this.#durable.forget(this.row);
    this.release();
  }

  save() {
    this.row.at = Date.now();
    return this.#durable.save();
  }

  check(row) {
    return isGood(row) && this.#durable.isGood(row) ? row : this.#durable.repair(row);
  }

  choose(rows, turn) {
    return super.choose(rows, turn, (row, isOwn) => {
      // Who hears that it is wanted here makes way, and stands behind in the queue for the lock.
      if (isOwn) this.#durable.announce(row.memory);
      return hold(row, isOwn);
    });
  }

  begin() {
    const { turn, row } = this;
    const [record, lock] = this.#durable.takeStash();
    this.row = Object.assign(record, { claim: row.claim });
    this.do(async () => this.use(await lock, turn));
  }

  use(letGo, turn) {
    super.use(letGo, turn);
    if (turn === this.turn) this.#durable.announce(this.row.memory);
  }

  free() {
    this.#durable.flush();
    // What the present task changes is to be stored as well.
    super.free(Promise.resolve().then(() => this.#database.work));
  }
}

/** The claim is never raised by more than 2 to this power. */
const LAST_STEP = 16;

/** For a memory whose lock is held already. */
export class AdoptedKeeper extends DurableKeeper {
  constructor(host, record) {
    super(host);
    this.row = record;
  }

  async choose() {}

  use() {}
}
