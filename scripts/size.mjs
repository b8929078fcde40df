// `npm run size`: what a page loads by each entry, in gzipped bytes, and what takes the room.
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

/** What a page can load: the entry, its module, and its limit in size-limits.json. */
const LOADS = [
  {
    limit: "plainAndReliable",
    title: "steadfast/core: plain and reliable",
    entry: "core.js",
    module: "steadfast_core",
  },
  { limit: "everything", title: "steadfast: everything", entry: "index.js", module: "steadfast" },
];

/** Where no limit stands in the file, there is none. */
const isWithin = ({ gzipped, limit }) => !(gzipped.total > limit);

await main(async () => {
  const { wasmEnv } = await quietlyIf(json, () => setUp(["package"]));
  const limits = JSON.parse(readFileSync(at("size-limits.json"), "utf8"));
  const reports = {};
  for (const load of LOADS) reports[load.limit] = { ...(await measure(wasmEnv, load)), limit: limits[load.limit] };
  const inline = await measureInline(reports.everything);
  const texts = LOADS.map((load) => asText(load, reports[load.limit]));
  texts.push(inlineAsText(inline));
  console.log(json ? JSON.stringify({ ...reports, inline }, null, 2) : texts.join("\n\n"));
  return Object.values(reports).every(isWithin) ? 0 : 1;
});

async function measure(wasmEnv, { entry, module: name }) {
  const script = await bundle(entry);
  const module = readFileSync(path.join(distDir, `wasm/${name}_bg.wasm`));
  const parts = { javascript: gzipped(script.code), wasm: gzipped(module) };
  const { sections, functions } = measureModule(await moduleWithNames(wasmEnv, name));
  return {
    gzipped: { ...parts, total: parts.javascript + parts.wasm },
    minified: { javascript: script.code.length, wasm: module.length },
    javascriptFiles: script.files,
    wasmSections: sections,
    wasmCrates: byCrate(functions),
    wasmFunctions: functions.slice(0, TOP),
  };
}

/** The entry that carries its module inside, beside the one that loads the file. */
async function measureInline({ gzipped: { wasm, total } }) {
  const [script, text] = [(await bundle("inline.js")).code, readFileSync(path.join(distDir, "wasm/steadfast_text.js"))];
  const sizes = { total: gzipped(script), module: gzipped(text) };
  return { gzipped: sizes, more: { total: sizes.total - total, module: sizes.module - wasm } };
}

/** The entry and all that it imports at once, as a bundler ships it; what it imports later, on demand, is not counted. */
async function bundle(entry) {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    entryPoints: { entry: path.join(distDir, entry) },
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
  load("out/entry.js");
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
async function moduleWithNames(wasmEnv, name) {
  const folder = mkdtempSync(path.join(toolsDir, "size-"));
  try {
    await bind(await compileWasm(wasmEnv, name, { show: false }), folder, { names: true });
    return readFileSync(path.join(folder, "steadfast_bg.wasm"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** By zlib's best level, as `gzip -9`: Node's own zlib is tuned for speed and leaves more. */
function gzipped(bytes) {
  return execFileSync("gzip", ["-9", "--no-name", "--stdout"], { input: bytes }).length;
}

function asText({ title }, report) {
  const { gzipped, limit } = report;
  const share = ((100 * gzipped.total) / limit).toFixed(1);
  const verdict = isWithin(report) ? "within" : "OVER";
  return [
    `${title}, gzip -9`,
    ...table([
      { name: "JavaScript (entry and glue, minified)", bytes: gzipped.javascript },
      { name: "WebAssembly", bytes: gzipped.wasm },
      { name: "together", bytes: gzipped.total },
    ]),
    limit ? `  ${verdict} the limit of ${limit} (${share} %)` : "  without a limit",
    ...section("JavaScript by file, minified", report.javascriptFiles),
    ...section("WebAssembly by section", entries(report.wasmSections)),
    ...section("WebAssembly code by crate", report.wasmCrates),
    ...section(`the ${TOP} largest functions`, report.wasmFunctions),
  ].join("\n");
}

function inlineAsText({ gzipped, more }) {
  const rows = [
    { name: `the module as text, ${more.module} more than the file`, bytes: gzipped.module },
    { name: `together, ${more.total} more than with the file`, bytes: gzipped.total },
  ];
  return ["steadfast/inline: everything in one file, gzip -9", ...table(rows), "  without a limit"].join("\n");
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
