// The WebAssembly modules, that of `steadfast/core` and that of the other entries, and their one class.
//
// Written by hand instead of wasm-bindgen's glue, at a quarter of the size: since only numbers cross,
// an exported method is a plain function of the object's address and these numbers. The version of
// wasm-bindgen is pinned, and nothing here works, nor any test passes, if that should change.

import { SteadfastError } from "./error.js";

/** All that the module imports is what wasm-bindgen calls to name a misuse before it traps. */
const IMPORTS = new Proxy(() => {}, { get: () => IMPORTS });

/** What an instance of bytes, or of a compiled module, exports. */
export async function instantiate(source) {
  try {
    const made = await WebAssembly.instantiate(source, IMPORTS);
    const { exports } = made.instance ?? made;
    if (exports.client_new) return exports;
    throw new TypeError("another module");
  } catch (cause) {
    throw unusable(cause);
  }
}

/** Gives the kit the module of `bytes()`, compiled when it is first wanted; what is returned wants it. */
export function embed(kit, bytes) {
  let { wasm } = kit;
  const get = () => {
    try {
      return (wasm ??= new WebAssembly.Instance(new WebAssembly.Module(bytes()), IMPORTS).exports);
    } catch (cause) {
      throw unusable(cause);
    }
  };
  const set = (exports) => {
    wasm = exports;
  };
  Object.defineProperty(kit, "wasm", { get, set });
  return get;
}

const unusable = (cause) =>
  new SteadfastError("UNSUPPORTED", `WebAssembly: ${cause.message}; a CSP needs 'wasm-unsafe-eval'`, "", cause);

/** One engine: see src/client.rs. */
export class Client {
  #wasm;
  #at;

  constructor(wasm, options, seed) {
    const at = wasm.__wbindgen_malloc(options.byteLength, 8);
    new Float64Array(wasm.memory.buffer, at, options.length).set(options);
    this.#wasm = wasm;
    this.#at = wasm.client_new(at, options.length, seed);
    forgotten.register(this, [wasm, this.#at], this);
  }

  handle(input, now, wall, ...fields) {
    return this.#wasm.client_handle(this.#at, input, now, wall, ...fields);
  }

  /** An output's place, and the five numbers that belong to it; to be read before the next call. */
  poll() {
    // The address first: the call may have the memory grow, and what was its buffer is none then.
    const at = this.#wasm.client_poll(this.#at);
    return new Float64Array(this.#wasm.memory.buffer, at, 6);
  }

  query(what, argument) {
    return this.#wasm.client_query(this.#at, what, argument);
  }

  free() {
    forgotten.unregister(this);
    this.#wasm.__wbg_client_free(this.#at, 0);
  }
}

/** Frees what belongs to a client that nobody refers to any more. */
const forgotten = new FinalizationRegistry(([wasm, at]) => wasm.__wbg_client_free(at, 1));
