// The package's main entry: the module is loaded on demand.

import { connectWhen } from "./connect.js";
import { load, loadPatiently } from "./load.js";
import { KIT, Steadfast } from "./state.js";

export { SteadfastError } from "./error.js";
export { Steadfast };

/** Bundlers look for these very forms. A script that has no address must not be asked for it before it is needed. */
Object.assign(KIT, {
  file: () => new URL("./wasm/steadfast_bg.wasm", import.meta.url),
  text: () => import("./wasm/steadfast_text.js"),
});

export function ready(module) {
  return load(KIT, module);
}

export function connect(url, options) {
  return connectWhen(Steadfast, KIT, loadPatiently, url, options);
}
