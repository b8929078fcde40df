// A client without a session whose state is saved: it has its state before its first link, and where that has no key,
// what stands for it at the endpoint is its own.

import { Database } from "./database.js";
import { Host } from "./host.js";
import * as Query from "./query.js";
import { Snapshots } from "./snapshot.js";
import { Keeper } from "./storage.js";

export class KeepingHost extends Host {
  database = new Database();
  snapshots = new Snapshots(this);
  keeper = new Keeper("browser", (cause) => this.unstored(cause));

  /** Until its memory is this client's alone. */
  async acquire(name) {
    const { keeper } = this;
    await keeper.acquire(name);
    const { id, memory } = keeper.row;
    if (!id) keeper.renew({ session: memory, token: memory });
  }

  open(generation, ...where) {
    const ifWanted = (act) => () => this.query(Query.expectsLink, generation) && act();
    this.snapshots.ready().then(
      ifWanted(() => super.open(generation, ...where)),
      (error) => ifWanted(() => this.fail(generation, error.code, "restoring", error))(),
    );
  }

  capture(why) {
    this.snapshots.capture(why);
  }

  save(what) {
    this.snapshots.save(what);
  }

  letGo() {
    super.letGo();
    this.database.retire();
  }
}
