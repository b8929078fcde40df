// The package's main entry: the module is loaded on demand.

import { connectWhen } from "./connect.js";
import { load } from "./wasm.js";

export { SteadfastError } from "./error.js";
export { Steadfast } from "./steadfast.js";

export function ready(module = new URL("./wasm/steadfast_bg.wasm", import.meta.url)) {
  return load(module);
}

export function connect(url, options) {
  return connectWhen(ready(), url, options);
}
