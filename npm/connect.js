// From an address to an open client in one call.

import { SteadfastError } from "./error.js";
import { refuse } from "./options.js";
import { Steadfast } from "./steadfast.js";

/** Waits for `ready`, then for the link. */
export async function connectWhen(ready, url, options = {}) {
  const { on = {}, autoConnect, ...rest } = Object(options);
  if (autoConnect !== undefined) refuse("autoConnect", autoConnect, "nothing: connect() always connects");
  if (Object(on) !== on) refuse("on", on, "an object of listeners");
  await ready;
  const client = new Steadfast(url, Object(options) === options ? { ...rest, autoConnect: false } : options);
  for (const [event, listener] of Object.entries(on)) if (listener !== undefined) client.on(event, listener);
  return new Promise((resolve, reject) => {
    const settle = (how) => (detail) => {
      for (const remove of removals) remove();
      how(detail);
    };
    const closed = () => {
      const { signal } = rest;
      const code = signal?.aborted ? "ABORTED" : "CLOSED";
      reject(new SteadfastError(code, "closed before the link was open", "", signal?.reason));
    };
    const failed = (error) => {
      reject(error);
      client.close();
    };
    const removals = [
      client.on("open", settle(() => resolve(client))),
      client.on("failed", settle(failed)),
      client.on("close", settle(closed)),
    ];
    if (client.state === "closed") closed();
    else client.connect();
  });
}
