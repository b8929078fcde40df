// Loading the WebAssembly module, once for all entries of the package.

import { SteadfastError } from "./error.js";
import * as glue from "./wasm/steadfast_bg.js";

const IMPORTS = { "./steadfast_bg.js": glue };
let loading;
let loaded = false;

export const isLoaded = () => loaded;

/** Loads `module`, unless one is loaded already; after a failure the next call tries again. */
export function load(module) {
  loading ??= instantiate(module).then(start, (cause) => {
    loading = undefined;
    throw new SteadfastError("UNSUPPORTED", `no WebAssembly module: ${cause?.message ?? cause}`, "", cause);
  });
  return loading;
}

/** Loads `bytes` now. */
export function loadSync(bytes) {
  if (!loaded) start(new WebAssembly.Instance(new WebAssembly.Module(bytes), IMPORTS));
}

/** The instance of an address, a response, bytes or a module. */
async function instantiate(module) {
  const isAddress = typeof module === "string" || module instanceof URL;
  const source = isAddress ? await fetch(module) : module;
  if (!(source instanceof Response)) {
    const made = await WebAssembly.instantiate(source, IMPORTS);
    return made.instance ?? made;
  }
  if (!source.ok) throw new TypeError(`${source.url} answers ${source.status}`);
  // Bytes, since servers that do not know the type of .wasm are common, and 22 kB are quickly there.
  return (await WebAssembly.instantiate(await source.arrayBuffer(), IMPORTS)).instance;
}

function start({ exports }) {
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  loaded = true;
}
