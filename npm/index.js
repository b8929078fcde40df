// The package's main entry: the module is loaded on demand.

import { connectWhen } from "./connect.js";
import { KIT, Steadfast } from "./state.js";
import { load } from "./wasm.js";

export { SteadfastError } from "./error.js";
export { Steadfast };

export function ready(module = new URL("./wasm/steadfast_bg.wasm", import.meta.url)) {
  return load(KIT, module);
}

export function connect(url, options) {
  return connectWhen(Steadfast, ready(), url, options);
}
