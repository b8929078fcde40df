// What a piece of work needs before it can run, by name. Each is looked after once.

import { ensureChromium, ensureFirefox, ensureWebKit } from "./browsers.mjs";
import { ensureCargoDeny, ensureWasmBindgen, ensureWasmPack } from "./cargo-tools.mjs";
import { ensureDemo, ensureServer } from "./demo-build.mjs";
import { ensureNpmPackages } from "./npm-packages.mjs";
import { ensurePackage } from "./package-build.mjs";
import { ensureBasics, ensureComponents } from "./rust.mjs";
import { ensureWasmTarget } from "./wasm-target.mjs";

/** Each need with what has to be there first; in the order in which they are looked after. */
const NEEDS = {
  basics: [[], () => ensureBasics()],
  components: [["basics"], () => ensureComponents("rustfmt", "clippy")],
  wasm32: [
    ["basics"],
    async (context) => {
      context.wasmEnv = await ensureWasmTarget();
    },
  ],
  "wasm-bindgen": [["basics"], () => ensureWasmBindgen()],
  npm: [["basics"], () => ensureNpmPackages()],
  package: [["wasm32", "wasm-bindgen", "npm"], (context) => ensurePackage(context.wasmEnv)],
  demo: [["package"], () => ensureDemo()],
  server: [["basics"], () => ensureServer()],
  "wasm-pack": [["wasm32", "wasm-bindgen"], () => ensureWasmPack()],
  "cargo-deny": [["basics"], () => ensureCargoDeny()],
  chromium: [[], () => ensureChromium()],
  firefox: [["basics"], () => ensureFirefox()],
  webkit: [[], () => ensureWebKit()],
};

/** Looks after the named needs and all that they rest on. Resolves with what they found out: `wasmEnv`, cargo's environment for wasm32. */
export async function setUp(names) {
  const context = { wasmEnv: {} };
  const wanted = new Set();
  const want = (name) => {
    NEEDS[name][0].forEach(want);
    wanted.add(name);
  };
  names.forEach(want);
  for (const name of Object.keys(NEEDS)) {
    if (wanted.has(name)) await NEEDS[name][1](context);
  }
  return context;
}
