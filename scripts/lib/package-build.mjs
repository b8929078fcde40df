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
import { writeCommonJs } from "./commonjs.mjs";
import { moduleWithText } from "./embed.mjs";
import { filesIn, makeIfChanged } from "./fingerprint.mjs";
import { at, distDir, root, targetDir, toolsDir } from "./paths.mjs";
import { ask, run } from "./process.mjs";
import { step } from "./report.mjs";
import { rootFilePaths, writeRootFiles } from "./root-files.mjs";
import { WASM_TARGET } from "./wasm-target.mjs";

/**
 * What of wasm-opt's passes leaves the fewest bytes after gzip: 4 % fewer than -Oz alone. Inlining only repeats
 * code. Nothing lies in the first kilobyte of memory (-lmu): it is the far end of the stack. Zeros between data cost
 * less than a segment for each of what stands between them (memory-packing).
 */
const SMALLEST =
  "-lmu --flatten --rereloop --rse --precompute-propagate --local-cse --merge-blocks -Oz -Oz --converge --dealign --reorder-locals -aimfs=0 -fimfs=0 -ocimfs=0 --skip-pass=memory-packing".split(
    " ",
  );

/**
 * What of LLVM's passes makes fewer bytes in the engine, but more after gzip: they take what paths have in common out
 * of them, and what is alike compresses better.
 */
const LEFT_OUT = [
  "-enable-load-pre=false",
  "-simplifycfg-sink-common=false",
  "-two-entry-phi-node-folding-threshold=5",
];

/** The modules by name, with cargo's flags for what they have. */
export const MODULES = { steadfast: ["--features", "state"], steadfast_core: [] };

/** Compiles the crate for the web, for one of the modules. Resolves with the path of the module as rustc leaves it. */
export async function compileWasm(wasmEnv, name, { show = true } = {}) {
  // A folder for each: cargo would find the one up to date that lies where the other was made.
  const folder = path.join(wasmEnv.CARGO_TARGET_DIR ?? targetDir(), name === "steadfast" ? "." : name);
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
    ...MODULES[name],
    "--target-dir",
    folder,
    // Built as an rlib as well, as Cargo.toml says for the tests, the crate gets no link-time optimisation.
    "--crate-type",
    "cdylib",
    "--",
    ...LEFT_OUT.map((pass) => `-Cllvm-args=${pass}`),
  ];
  await run("cargo", args, { env, show });
  return path.join(folder, WASM_TARGET, "wasm", "steadfast.wasm");
}

/** Makes dist/ unless it is what the sources would make. */
export async function ensurePackage(wasmEnv) {
  const compiled = {};
  await step("the wasm modules (cargo, profile wasm)", async () => {
    for (const name of Object.keys(MODULES)) compiled[name] = await compileWasm(wasmEnv, name);
  });
  const modules = [];
  await step("the modules, optimised for size (wasm-bindgen, wasm-opt)", async () => {
    for (const [name, module] of Object.entries(compiled)) modules.push(await ensureModule(name, module));
  });
  await step("the npm package in dist/", async () => {
    const scripts = ["package-build", "embed", "root-files", "commonjs"].map((name) => at(`scripts/lib/${name}.mjs`));
    const inputs = [...modules, at("npm"), at("package.json"), ...scripts];
    const outputs = modules.map((module) => path.join(distDir, "wasm", path.basename(module)));
    outputs.push(...rootFilePaths());
    const made = await makeIfChanged("package", { inputs, outputs }, () => makePackage(modules));
    return made ? undefined : "nothing has changed";
  });
}

/** The published form of a compiled module, made unless it is there. Resolves with its path. */
async function ensureModule(name, compiled) {
  const folder = path.join(toolsDir, "modules", name);
  const module = path.join(folder, `${name}_bg.wasm`);
  const inputs = [compiled, at("npm/wasm.js"), at("scripts/lib/package-build.mjs")];
  const facts = [lockedVersion("wasm-bindgen"), binaryenVersion()];
  await makeIfChanged(`module-${name}`, { inputs, facts, outputs: [module] }, async () => {
    await bind(compiled, folder);
    renameSync(path.join(folder, "steadfast_bg.wasm"), module);
  });
  return module;
}

/** The module as `steadfast_bg.wasm`, optimised for size, in `folder`. `names: true` keeps the functions' names, for the size report. */
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

async function makePackage(modules) {
  mkdirSync(toolsDir, { recursive: true });
  const made = mkdtempSync(path.join(toolsDir, "dist-"));
  try {
    mkdirSync(path.join(made, "wasm"));
    for (const module of modules) cpSync(module, path.join(made, "wasm", path.basename(module)));
    embedModules(path.join(made, "wasm"));
    copySources(made);
    await writeCommonJs(made);
    chmodSync(made, 0o755);
    rmSync(distDir, { recursive: true, force: true });
    renameSync(made, distDir);
    writeRootFiles();
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** Each module as a script: for the entry that carries it inside, and for pages that cannot have the file. */
function embedModules(folder) {
  for (const name of Object.keys(MODULES)) {
    const module = readFileSync(path.join(folder, `${name}_bg.wasm`));
    writeFileSync(path.join(folder, `${name}_text.js`), moduleWithText(module));
  }
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
