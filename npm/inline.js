// The entry that carries the module inside: nothing to load, nothing to wait for.

import { connectWhen } from "./connect.js";
import { KIT, Steadfast } from "./state.js";
import bytes from "./wasm/steadfast_text.js";
import { embed } from "./wasm.js";

export { SteadfastError } from "./error.js";
export { Steadfast };

/** Importing compiles nothing: where WebAssembly is missing or forbidden, a client that is made says so. */
const compile = embed(KIT, bytes);

export async function ready() {
  compile();
}

export function connect(url, options) {
  return connectWhen(Steadfast, KIT, ready, url, options);
}
