// Where an entry's module comes from: the file beside the script, and where that cannot be had a copy as text, which
// bundlers put into a script of its own.

import { SteadfastError } from "./error.js";
import { createLog } from "./log.js";
import { within } from "./tickets.js";
import { instantiate } from "./wasm.js";

/**
 * Loads the kit's module, once: `given`, or its own, `file()` or `text()`. Who gives none joins who is loading already;
 * after a failure the next call tries again.
 */
export function load(kit, given) {
  const take = async () => {
    try {
      kit.wasm ??= await (given === undefined ? takeOwn(kit) : takeFrom(given));
    } finally {
      kit.loading = undefined;
    }
  };
  return (given === undefined && kit.loading) || (kit.loading = take());
}

/** Loads the kit's own module, as often as the client's option `reconnect` says, until `signal` aborts. */
export async function loadPatiently(kit, { reconnect, log }, signal) {
  const began = performance.now();
  let delay = 0;
  let doubts = 0;
  for (let retry = 0; !signal.aborted; retry++) {
    try {
      return await load(kit);
    } catch (error) {
      const { doubt = 3 } = error;
      doubts = doubt && doubts + doubt;
      if (doubts > 2 || !(retry < reconnect?.retries && performance.now() - began < reconnect.maxElapsed)) {
        throw doubts ? error : new SteadfastError("RETRIES_EXHAUSTED", error.message, "", error);
      }
      delay = delayOf(reconnect, retry, delay);
      createLog(log, error)("warn", error.message, { delay });
      const online = new Promise((resolve) => globalThis.addEventListener?.("online", resolve, { signal }));
      await within(online, { signal, timeout: delay }).catch(() => {});
    }
  }
}

async function takeOwn(kit) {
  try {
    return await takeFrom(kit.file());
  } catch (missing) {
    const { default: bytes } = await soon(kit.text()).catch((cause) => {
      throw failed(`${missing.message}; ${cause.message}; try steadfast/inline`, missing.doubt ?? 1, cause);
    });
    kit.fallback = missing.message;
    return instantiate(bytes());
  }
}

/** What an address, a response, bytes or a compiled module make. */
async function takeFrom(source) {
  let response = source;
  try {
    if (typeof source === "string" || source.href) {
      response = await soon(fetch(source, { signal: AbortSignal.timeout(PATIENCE_MS) }));
    }
    // Not streamed: servers that do not know the type of .wasm are common, and 22 kB are soon there.
    if (response.arrayBuffer) source = await soon(response.arrayBuffer());
  } catch (cause) {
    throw failed(`${source}: ${cause.message}`, +/^file/.test(source), cause);
  }
  const { ok, status, url, headers } = response;
  if (headers && (!ok || new Uint8Array(source)[0])) {
    throw failed(`${url} answers ${status}, ${headers.get("content-type")}`, +!/^5|429|408/.test(status));
  }
  return instantiate(source);
}

/** As the engine draws it: engine/src/backoff.rs. */
function delayOf({ base, min, max, factor, jitter }, retry, previous) {
  const cap = Math.min(max, jitter === "decorrelated" ? 3 * Math.max(base, previous) : base * factor ** retry);
  const least = { equal: cap / 2, decorrelated: base, none: cap }[jitter] ?? 0;
  return Math.max(least + Math.random() * (cap - least), min);
}

/** `doubt`: what it says against another try; three in a row are believed. */
const failed = (message, doubt, cause) =>
  Object.assign(new SteadfastError("UNSUPPORTED", message, "", cause), { doubt });

const soon = (promise) => within(promise, { timeout: PATIENCE_MS });

/** Enough for the module on a line of one kilobyte a second. */
const PATIENCE_MS = 60_000;
