// `npm run size`: what a page loads with default options, in gzipped bytes, and what takes the room.
//
//   npm run size              a report for people
//   npm run size -- --json    the same as JSON
//
// Ends with exit code 1 when a limit of size-limits.json is passed.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { bind, compileWasm } from "./lib/package-build.mjs";
import { at, distDir, toolsDir } from "./lib/paths.mjs";
import { main, quietlyIf } from "./lib/report.mjs";
import { setUp } from "./lib/setup.mjs";
import { byCrate, measureModule } from "./lib/wasm-sizes.mjs";

const TOP = 20;
const json = process.argv.includes("--json");

await main(async () => {
  const { wasmEnv } = await quietlyIf(json, () => setUp(["package"]));
  const report = await measure(wasmEnv);
  console.log(json ? JSON.stringify(report, null, 2) : asText(report));
  return report.gzipped.total <= report.limit ? 0 : 1;
});

async function measure(wasmEnv) {
  const script = await bundle();
  const module = readFileSync(path.join(distDir, "wasm/steadfast_bg.wasm"));
  const parts = { javascript: gzipped(script.code), wasm: gzipped(module) };
  const { sections, functions } = measureModule(await moduleWithNames(wasmEnv));
  return {
    limit: JSON.parse(readFileSync(at("size-limits.json"), "utf8")).plainAndReliable,
    gzipped: { ...parts, total: parts.javascript + parts.wasm },
    minified: { javascript: script.code.length, wasm: module.length },
    javascriptFiles: script.files,
    wasmSections: sections,
    wasmCrates: byCrate(functions),
    wasmFunctions: functions.slice(0, TOP),
  };
}

/** The entry and all that it imports at once, as a bundler ships it; what it imports later, on demand, is not counted. */
async function bundle() {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    entryPoints: { index: path.join(distDir, "index.js") },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    absWorkingDir: distDir,
    outdir: "out",
    write: false,
    metafile: true,
  });
  const loaded = new Set();
  const load = (name) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const wanted of metafile.outputs[name].imports) {
      if (wanted.kind === "import-statement") load(wanted.path);
    }
  };
  load("out/index.js");
  const code = Buffer.concat(
    outputFiles.filter((file) => loaded.has(path.relative(distDir, file.path))).map(({ contents }) => contents),
  );
  return { code, files: filesOf([...loaded].map((name) => metafile.outputs[name])) };
}

function filesOf(outputs) {
  const files = outputs.flatMap(({ inputs }) => Object.entries(inputs));
  return files.map(([name, { bytesInOutput }]) => ({ name, bytes: bytesInOutput })).sort((a, b) => b.bytes - a.bytes);
}

/** The same module with the functions' names kept: they are only for reading, the sizes of the code are the same. */
async function moduleWithNames(wasmEnv) {
  const folder = mkdtempSync(path.join(toolsDir, "size-"));
  try {
    await bind(await compileWasm(wasmEnv, { show: false }), folder, { names: true });
    return readFileSync(path.join(folder, "steadfast_bg.wasm"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** By zlib's best level, as `gzip -9`: Node's own zlib is tuned for speed and leaves more. */
function gzipped(bytes) {
  return execFileSync("gzip", ["-9", "--no-name", "--stdout"], { input: bytes }).length;
}

function asText(report) {
  const { gzipped, limit } = report;
  const share = ((100 * gzipped.total) / limit).toFixed(1);
  const verdict = gzipped.total <= limit ? "within" : "OVER";
  return [
    "Loaded with default options, gzip -9",
    ...table([
      { name: "JavaScript (entry and glue, minified)", bytes: gzipped.javascript },
      { name: "WebAssembly", bytes: gzipped.wasm },
      { name: "together", bytes: gzipped.total },
    ]),
    `  ${verdict} the limit of ${limit} (${share} %)`,
    ...section("JavaScript by file, minified", report.javascriptFiles),
    ...section("WebAssembly by section", entries(report.wasmSections)),
    ...section("WebAssembly code by crate", report.wasmCrates),
    ...section(`the ${TOP} largest functions`, report.wasmFunctions),
  ].join("\n");
}

/** Sections as rows, without the custom ones: they are not in the published module. */
function entries(sizes) {
  const rows = Object.entries(sizes).map(([name, bytes]) => ({ name, bytes }));
  return rows.filter(({ name }) => !name.startsWith("custom")).sort((a, b) => b.bytes - a.bytes);
}

function section(title, rows) {
  return ["", `${title}, bytes`, ...table(rows)];
}

function table(rows) {
  return rows.map(({ name, bytes }) => `  ${String(bytes).padStart(7)}  ${name.slice(0, 110)}`);
}
