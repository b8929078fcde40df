// dist/: the published package, made of npm/ and of what wasm-bindgen and wasm-opt make of the crate.

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { lockedVersion } from "./cargo-tools.mjs";
import { filesIn, makeIfChanged } from "./fingerprint.mjs";
import { at, distDir, root, targetDir, toolsDir } from "./paths.mjs";
import { ask, run } from "./process.mjs";
import { step } from "./report.mjs";
import { WASM_TARGET } from "./wasm-target.mjs";

/**
 * What of wasm-opt's passes leaves the fewest bytes after gzip: 4 % fewer than -Oz alone. Inlining only repeats
 * code. Nothing lies in the first kilobyte of memory (-lmu): it is the far end of the stack.
 */
const SMALLEST =
  "-lmu --flatten --rereloop --rse --precompute-propagate --local-cse --merge-blocks -Oz -Oz --converge --dealign --reorder-locals -aimfs=0 -fimfs=0 -ocimfs=0".split(
    " ",
  );

/** Compiles the crate for the web. Resolves with the path of the module as rustc leaves it. */
export async function compileWasm(wasmEnv, { show = true } = {}) {
  const env = { ...wasmEnv, ...(await pathFreeEnv(wasmEnv)) };
  const args = [
    "rustc",
    "--profile",
    "wasm",
    "--target",
    WASM_TARGET,
    "-p",
    "steadfast",
    "--lib",
    "--no-default-features",
    // Built as an rlib as well, as Cargo.toml says for the tests, the crate gets no link-time optimisation.
    "--crate-type",
    "cdylib",
  ];
  await run("cargo", args, { env, show });
  return path.join(wasmEnv.CARGO_TARGET_DIR ?? targetDir(), WASM_TARGET, "wasm", "steadfast.wasm");
}

/** Makes dist/ unless it is what the sources would make. */
export async function ensurePackage(wasmEnv) {
  let module = "";
  await step("the wasm module (cargo, profile wasm)", async () => {
    module = await compileWasm(wasmEnv);
  });
  await step("the npm package in dist/ (wasm-bindgen, wasm-opt)", async () => {
    const inputs = [module, at("npm"), at("scripts/lib/package-build.mjs")];
    const facts = [lockedVersion("wasm-bindgen"), binaryenVersion()];
    const made = await makeIfChanged(
      "package",
      { inputs, facts, outputs: [path.join(distDir, "wasm/steadfast_bg.wasm")] },
      () => makePackage(module),
    );
    return made ? undefined : "nothing has changed";
  });
}

/** wasm-bindgen's glue and the module, optimised for size, in `folder`. `names: true` keeps the functions' names, for the size report. */
export async function bind(module, folder, { names = false } = {}) {
  const glue = ["--target", "bundler", "--no-typescript", "--out-name", "steadfast", "--out-dir", folder];
  await run("wasm-bindgen", [module, ...glue, "--remove-producers-section"]);
  const wasm = path.join(folder, "steadfast_bg.wasm");
  const keep = names ? ["-g"] : ["--strip-debug", "--strip-target-features"];
  await binaryen("wasm-metadce", [wasm, "--graph-file", writeExports(folder), "-o", wasm, ...(names ? ["-g"] : [])]);
  await binaryen("wasm-opt", [...SMALLEST, ...keep, wasm, "-o", wasm]);
  // npm/wasm.js stands in for the glue.
  for (const file of ["steadfast.js", "steadfast_bg.js", "exports.json"]) rmSync(path.join(folder, file));
}

const binaryen = (tool, args) => run(process.execPath, [at("node_modules/binaryen/bin", tool), ...args]);

/** What npm/wasm.js calls, for wasm-metadce to keep; wasm-bindgen exports tables and handlers besides. */
function writeExports(folder) {
  const called = [...readFileSync(at("npm/wasm.js"), "utf8").matchAll(/\bwasm\.(\w+)/g)].map(([, name]) => name);
  const exports = [...new Set(called)].sort().map((name) => ({ name, export: name }));
  const outside = { name: "outside", root: true, reaches: exports.map(({ name }) => name) };
  const file = path.join(folder, "exports.json");
  writeFileSync(file, JSON.stringify([outside, ...exports]));
  return file;
}

async function makePackage(module) {
  mkdirSync(toolsDir, { recursive: true });
  const made = mkdtempSync(path.join(toolsDir, "dist-"));
  try {
    await bind(module, path.join(made, "wasm"));
    inlineModule(path.join(made, "wasm"));
    copySources(made);
    chmodSync(made, 0o755);
    rmSync(distDir, { recursive: true, force: true });
    renameSync(made, distDir);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** The module as a JavaScript file, for the entry that carries it inside. */
function inlineModule(folder) {
  const base64 = readFileSync(path.join(folder, "steadfast_bg.wasm")).toString("base64");
  writeFileSync(path.join(folder, "inline.js"), `export default "${base64}";\n`);
}

function copySources(folder) {
  for (const file of filesIn(at("npm"))) {
    if (!/\.(js|d\.ts)$/.test(file)) continue;
    cpSync(file, path.join(folder, path.relative(at("npm"), file)));
  }
}

/** Panic messages carry source paths: keep the ones of this machine out of what is published. */
async function pathFreeEnv(wasmEnv) {
  const sysroot = await ask("rustc", ["--print", "sysroot"], { env: wasmEnv });
  const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), ".cargo");
  const remap = Object.entries({ [root]: "steadfast", [cargoHome]: "cargo", [sysroot ?? root]: "rust" });
  const flags = remap.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  return { CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f") };
}

const binaryenVersion = () => {
  const file = at("node_modules/binaryen/package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : "none";
};
