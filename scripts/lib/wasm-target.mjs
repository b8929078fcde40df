// The standard library for wasm32: by rustup, or by the distribution's compiler where rustup cannot fetch it.

import { existsSync } from "node:fs";
import path from "node:path";
import { distributionEnv, distributionReady, makeDistributionToolchain } from "./distribution-compiler.mjs";
import { ask } from "./process.mjs";
import { Stop, step } from "./report.mjs";

export const WASM_TARGET = "wasm32-unknown-unknown";

/**
 * Makes sure that code can be compiled to wasm32, and resolves with the environment that cargo and wasm-pack need for it.
 *
 * `STEADFAST_WASM_TARGET=distribution` takes the second way even where the first would do; `rustup` forbids the second.
 */
export async function ensureWasmTarget() {
  let env = {};
  await step(`Rust's standard library for ${WASM_TARGET}`, async () => {
    const wish = process.env.STEADFAST_WASM_TARGET ?? "";
    if (!["", "rustup", "distribution"].includes(wish)) {
      throw new Stop(
        `STEADFAST_WASM_TARGET is "${wish}": set it to rustup or distribution, or \`unset STEADFAST_WASM_TARGET\`.`,
      );
    }
    if (wish !== "distribution" && (await rustupHasIt())) return "already there";
    if (wish === "" && distributionReady()) {
      env = distributionEnv();
      return "already there, by the distribution's compiler";
    }
    if (wish !== "distribution" && (await rustupAddsIt())) return undefined;
    if (wish === "rustup") throw new Stop(`rustup could not add it; run \`rustup target add ${WASM_TARGET}\`.`);
    const made = await makeDistributionToolchain();
    env = distributionEnv();
    return made ? undefined : "already there, by the distribution's compiler";
  });
  return env;
}

async function rustupHasIt() {
  const sysroot = await ask("rustc", ["--print", "sysroot"]);
  return sysroot !== null && existsSync(path.join(sysroot, "lib/rustlib", WASM_TARGET, "lib"));
}

async function rustupAddsIt() {
  const added = await ask("rustup", ["target", "add", WASM_TARGET], { timeout: 120_000 });
  if (added === null) console.log("  rustup could not fetch it: taking the distribution's compiler");
  return added !== null && rustupHasIt();
}
