// From an address to an open client in one call.

import { SteadfastError } from "./error.js";
import { isObject, refuse } from "./options.js";

/** A client of the class `Steadfast`, when the module is `ready` and the link is open. */
export async function connectWhen(Steadfast, ready, url, options = {}) {
  const { on = {}, autoConnect, ...rest } = Object(options);
  if (autoConnect !== undefined) refuse("autoConnect", autoConnect, "nothing");
  if (!isObject(on)) refuse("on", on, "an object");
  await ready;
  const client = new Steadfast(url, isObject(options) ? { ...rest, autoConnect: false } : options);
  for (const [event, listener] of Object.entries(on)) if (listener !== undefined) client.on(event, listener);
  const waiting = new AbortController();
  const { signal } = waiting;
  const failed = client.once("failed", { signal }).then((error) => {
    client.close();
    throw error;
  });
  try {
    if (client.state === "idle") client.connect();
    await Promise.race([client.once("open", { signal }), failed]);
    return client;
  } catch (error) {
    throw rest.signal?.aborted ? new SteadfastError("ABORTED", "aborted", "", rest.signal.reason) : error;
  } finally {
    waiting.abort();
  }
}
