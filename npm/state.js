// What the entries with state add to `steadfast/core`: the durable queue, snapshots, and their options.

import { OUTPUTS, STATE_OUTPUTS } from "./boundary.js";
import { httpOf } from "./endpoint.js";
import { Host } from "./host.js";
import { KeepingHost } from "./keeping.js";
import { aFunction, CLIENT, group, maybeName, ms, orFunction, refuse, row } from "./options.js";
import { isKey } from "./snapshot.js";
import { StatefulSession } from "./stateful.js";
import { Base, HOST } from "./steadfast.js";

const isAddress = (given) => {
  try {
    return !!httpOf(given);
  } catch {
    return false;
  }
};
const crossing = (aRow, number) => ({ ...aRow, number });
const isGiven = (given) => given !== undefined;

OUTPUTS.push(...STATE_OUTPUTS);

export const KIT = {
  rows: {
    ...CLIENT,
    queue: group({ ...CLIENT.queue.rows, persist: maybeName }),
    snapshot: group(
      {
        interval: ms(5_000, 1),
        // The engine's `checkpoint` and `acknowledges`.
        key: crossing(orFunction(row("1 to 128 bytes without control characters", isKey)), (key) => !isGiven(key)),
        endpoint: crossing(row("an http or https URL", isAddress), isGiven),
        capture: aFunction,
        restore: aFunction,
      },
      false,
    ),
  },
  host(url, { options, numbers }) {
    fit(options);
    return new (options.session ? StatefulSession : options.snapshot ? KeepingHost : Host)(url, options, numbers);
  },
};

export class Steadfast extends Base {
  constructor(url, options) {
    super(KIT, url, options);
  }

  async snapshot() {
    const host = this[HOST]();
    if (!host.snapshots) throw host.error("UNSUPPORTED", "the option snapshot is needed");
    return host.snapshots.ask();
  }
}

/** What state needs beside itself. */
function fit({ queue, session, snapshot }) {
  if (queue?.persist && session?.storage !== "browser") {
    refuse("queue.persist", queue.persist, 'nothing without a session with storage "browser"');
  }
  if (!snapshot) return;
  if (!snapshot.capture) refuse("snapshot.capture", snapshot.capture, aFunction.allowed);
  if (!session && !snapshot.endpoint) refuse("snapshot", snapshot, "nothing without a session or snapshot.endpoint");
}
