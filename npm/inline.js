// The entry that carries the module inside: nothing to load, nothing to wait for.

import { connectWhen } from "./connect.js";
import { KIT, Steadfast } from "./state.js";
import base64 from "./wasm/inline.js";
import { loadSync } from "./wasm.js";

export { SteadfastError } from "./error.js";
export { Steadfast };

loadSync(
  KIT,
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
);

export async function ready() {}

export function connect(url, options) {
  return connectWhen(Steadfast, ready(), url, options);
}
