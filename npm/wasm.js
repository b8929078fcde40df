// The WebAssembly modules, that of `steadfast/core` and that of the other entries.
//
// Without wasm-bindgen's glue: only numbers cross, so that what it exports are plain functions, and nothing is imported.

import { SteadfastError } from "./error.js";

/** What an instance of bytes, or of a compiled module, exports. */
export async function instantiate(source) {
  try {
    const made = await WebAssembly.instantiate(source);
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
      return (wasm ??= new WebAssembly.Instance(new WebAssembly.Module(bytes())).exports);
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

/** A new engine: see src/client.rs. */
export function createClient(wasm, options, seed) {
  // Made anew each time: what grows the memory takes its buffer away.
  const numbers = () => new Float64Array(wasm.memory.buffer, wasm.numbers());
  numbers().set(options);
  const number = wasm.client_new(seed);
  const client = {
    handle: (...happened) => wasm.client_handle(number, ...happened),
    query: (...asked) => wasm.client_query(number, ...asked),
    /** An output's place, and the five numbers that belong to it. */
    poll: () => [wasm.client_poll(number), ...numbers().slice(0, 5)],
    free() {
      forgotten.unregister(client);
      wasm.client_free(number);
    },
  };
  forgotten.register(client, [wasm, number], client);
  return client;
}

/** Frees what belongs to a client that nobody refers to any more. */
const forgotten = new FinalizationRegistry(([wasm, number]) => wasm.client_free(number));
