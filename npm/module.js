// Loading the WebAssembly module, once for all entries of the package.

import { SteadfastError } from "./error.js";
import init, { initSync } from "./wasm/steadfast.js";

let loading;
let loaded = false;

export const isLoaded = () => loaded;

/** Loads `module`, unless one is loaded already; after a failure the next call tries again. */
export async function load(module) {
  if (typeof WebAssembly !== "object") throw new SteadfastError("UNSUPPORTED", "there is no WebAssembly here");
  loading ??= init({ module_or_path: module }).then(
    () => {
      loaded = true;
    },
    (error) => {
      loading = undefined;
      throw new SteadfastError("UNSUPPORTED", `the WebAssembly module could not be loaded: ${error?.message ?? error}`, "", error);
    },
  );
  return loading;
}

/** Loads `module`, which is there already, now. */
export function loadSync(module) {
  initSync({ module });
  loaded = true;
}
