// The WebAssembly module: loading it once for all entries of the package, and its one class.
//
// Written by hand instead of wasm-bindgen's glue, at a quarter of the size: since only numbers cross,
// an exported method is a plain function of the object's address and these numbers. The version of
// wasm-bindgen is pinned, and nothing here works, nor any test passes, if that should change.

import { SteadfastError } from "./error.js";

/** All that the module imports is what wasm-bindgen calls to name a misuse before it traps. */
const IMPORTS = { "./steadfast_bg.js": new Proxy({}, { get: () => () => {} }) };
let loading;
let wasm;

export const isLoaded = () => wasm !== undefined;

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
  if (!wasm) start(new WebAssembly.Instance(new WebAssembly.Module(bytes), IMPORTS));
}

/** One engine: see src/client.rs. */
export class Client {
  #at;

  constructor(options, seed) {
    const at = wasm.__wbindgen_malloc(options.byteLength, options.BYTES_PER_ELEMENT);
    new Float64Array(wasm.memory.buffer, at, options.length).set(options);
    this.#at = wasm.client_new(at, options.length, seed);
    forgotten.register(this, this.#at, this);
  }

  handle(input, now, ...fields) {
    return wasm.client_handle(this.#at, input, now, ...fields);
  }

  /** An output's place, and the five numbers that belong to it; to be read before the next call. */
  poll() {
    // The address first: the call may have the memory grow, and what was its buffer is none then.
    const at = wasm.client_poll(this.#at);
    return new Float64Array(wasm.memory.buffer, at, 6);
  }

  query(what, argument) {
    return wasm.client_query(this.#at, what, argument);
  }

  free() {
    forgotten.unregister(this);
    wasm.__wbg_client_free(this.#at, 0);
  }
}

/** Frees what belongs to a client that nobody refers to any more. */
const forgotten = new FinalizationRegistry((at) => wasm.__wbg_client_free(at, 1));

/** The instance of an address, a response, bytes or a module. */
async function instantiate(module) {
  const isAddress = typeof module === "string" || module instanceof URL;
  let source = isAddress ? await fetch(module) : module;
  if (source instanceof Response) {
    if (!source.ok) throw new TypeError(`${source.url} answers ${source.status}`);
    // Not streamed: servers that do not know the type of .wasm are common, and 22 kB are soon there.
    source = await source.arrayBuffer();
  }
  const made = await WebAssembly.instantiate(source, IMPORTS);
  return made.instance ?? made;
}

function start({ exports }) {
  wasm = exports;
}
