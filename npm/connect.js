// From an address to an open client in one call.

import { isObject, ms, readOptions, row } from "./options.js";
import { within } from "./tickets.js";

/**
 * A client of the class `Steadfast`, when its link is open. `load` loads the kit's module for a client with the options
 * that it is given, until a signal aborts.
 */
export async function connectWhen(Steadfast, kit, load, url, given = {}) {
  const waiting = new AbortController();
  const { signal } = waiting;
  let client;
  try {
    const { options } = readOptions({ rows: { ...kit.rows, ...EXTRAS } }, given);
    const open = async () => {
      if (options.signal?.aborted) return;
      await load(kit, options, signal);
      if (signal.aborted) return;
      const { on, timeout, ...rest } = given;
      client = new Steadfast(url, { ...rest, autoConnect: false });
      for (const event in on) if (on[event] !== undefined) client.on(event, on[event]);
      await new Promise((resolve, reject) => {
        client.on("open", resolve, { signal });
        client.on("failed", reject, { signal });
        client.connect();
      });
    };
    await within(open(), options);
    return client;
  } catch (error) {
    client?.release();
    throw error;
  } finally {
    waiting.abort();
  }
}

/** Beside the client's options, or instead of them. */
const EXTRAS = { on: row("an object", isObject), autoConnect: row("nothing", () => false), timeout: ms(1 / 0) };
