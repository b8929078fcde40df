// The package under test, and the WebAssembly module inside it: how much memory it has taken, how many engines
// live, and a way to break it.

import "./capture.js";

import { connect, ready, Steadfast, SteadfastError } from "../../../dist/inline.js";
import embedded from "../../../dist/wasm/steadfast_text.js";
import { engines, exported, stopCapturing } from "./capture.js";

// Compiles the module, which importing it does not.
ready();
stopCapturing();

export { connect, ready, Steadfast, SteadfastError };

/** The module itself. */
export const moduleBytes = embedded();

/** Bytes of the module's memory. */
export const memoryBytes = () => exported.memory.buffer.byteLength;

/** Engines that were made and not freed. */
export const liveEngines = () => engines.made - engines.freed;

/** Makes the exported function `name` trap until the returned function is called. */
export function breakFunction(name) {
  const whole = exported[name];
  if (typeof whole !== "function") throw new Error(`the module exports no function ${name}`);
  exported[name] = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  return () => {
    exported[name] = whole;
  };
}
