// What a piece of work needs before it can run, by name: tools, then what is built with them.

import { ensureChromium, ensureFirefox, ensureWebKit } from "./browsers.mjs";
import { ensureCargoDeny, ensureWasmBindgen, ensureWasmPack } from "./cargo-tools.mjs";
import { ensureDemo, ensureServer } from "./demo-build.mjs";
import { ensureNpmPackages } from "./npm-packages.mjs";
import { ensurePackage } from "./package-build.mjs";
import { ensureBasics, ensureComponents } from "./rust.mjs";
import { ensureWasmTarget } from "./wasm-target.mjs";

/** Each tool with what has to be there first; in the order in which they are looked after. */
const TOOLS = {
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
  "wasm-pack": [["wasm32", "wasm-bindgen"], () => ensureWasmPack()],
  "cargo-deny": [["basics"], () => ensureCargoDeny()],
  chromium: [[], () => ensureChromium()],
  firefox: [["basics"], () => ensureFirefox()],
  webkit: [[], () => ensureWebKit()],
};

/** What is built with the tools, and what has to be built before it. */
const BUILDS = {
  package: { tools: ["wasm32", "wasm-bindgen", "npm"], after: [], build: (context) => ensurePackage(context.wasmEnv) },
  demo: { tools: ["npm"], after: ["package"], build: () => ensureDemo() },
  server: { tools: ["basics"], after: [], build: () => ensureServer() },
};

/**
 * Installs the tools that the named needs (tools or builds) rest on, and builds nothing.
 * Resolves with what they found out: `wasmEnv`, cargo's environment for wasm32.
 */
export async function installTools(names) {
  const context = { wasmEnv: {}, builds: new Map() };
  const wanted = new Set();
  const want = (name) => {
    if (name in BUILDS) [...BUILDS[name].tools, ...BUILDS[name].after].forEach(want);
    if (!(name in TOOLS)) return;
    TOOLS[name][0].forEach(want);
    wanted.add(name);
  };
  names.forEach(want);
  for (const name of Object.keys(TOOLS)) {
    if (wanted.has(name)) await TOOLS[name][1](context);
  }
  return context;
}

/** Builds those of the named needs that are builds, each once; a failed one fails again for everybody who needs it. */
export async function buildNeeds(names, context) {
  for (const name of names) {
    if (!(name in BUILDS)) continue;
    await buildNeeds(BUILDS[name].after, context);
    if (!context.builds.has(name)) context.builds.set(name, BUILDS[name].build(context));
    await context.builds.get(name);
  }
}

/** Installs and builds all that is named. Resolves with the context of `installTools`. */
export async function setUp(names) {
  const context = await installTools(names);
  await buildNeeds(names, context);
  return context;
}
