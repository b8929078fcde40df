// Puts the published package and the cases into one module without imports: wasm-bindgen copies a test's
// JavaScript away from its place, and only such a module survives that.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const generated = path.join(here, "generated.js");

/** Writes tests/browser/generated.js from dist/ and the cases, and resolves with its path. Throws when a case is run by no Rust test, or the reverse. */
export async function bundleCases() {
  const files = readdirSync(path.join(here, "cases")).sort();
  const contents = files.map((file) => `export * from "./cases/${file}";`).join("\n");
  const { metafile } = await build({
    stdin: { contents, resolveDir: here },
    outfile: generated,
    absWorkingDir: here,
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    // The order of evaluation matters here: package.json speaks of the package alone.
    ignoreAnnotations: true,
    metafile: true,
    plugins: [packageAsText],
    logOverride: { "ambiguous-reexport": "error" },
  });
  const [{ exports }] = Object.values(metafile.outputs);
  compare(new Set(exports), rustTests());
  return generated;
}

/**
 * `import text from "package-as-text"`: the main entry as the text of a module, to be loaded as often as a case wants. It
 * takes itself to lie at `https://package.test/`, and asks `globalThis.importText()` for its embedded module.
 */
const packageAsText = {
  name: "package-as-text",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^package-as-text$/ }, ({ path }) => ({ path, namespace: "package" }));
    onLoad({ filter: /.*/, namespace: "package" }, async () => {
      const { outputFiles } = await build({
        entryPoints: [path.join(here, "../../dist/index.js")],
        bundle: true,
        format: "esm",
        target: "es2022",
        define: { "import.meta.url": '"https://package.test/index.js"' },
        external: ["./wasm/steadfast_text.js"],
        write: false,
      });
      const contents = outputFiles[0].text.replace('import("./wasm/steadfast_text.js")', "globalThis.importText()");
      return { contents, loader: "text" };
    });
  },
};

/** The names that the Rust tests list. */
function rustTests() {
  const folder = path.join(here, "..");
  const files = [path.join(here, "mod.rs")];
  for (const name of readdirSync(folder)) {
    if (/^browser_\w+\.rs$/.test(name)) files.push(path.join(folder, name));
  }
  const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
  const lists = [...text.matchAll(/^\s*mod \w+ \{([\w\s]+)\}$/gm)];
  return new Set(lists.flatMap(([, names]) => names.trim().split(/\s+/)));
}

function compare(cases, tests) {
  const forgotten = [...cases].filter((name) => !tests.has(name));
  const missing = [...tests].filter((name) => !cases.has(name));
  if (forgotten.length) throw new Error(`cases that no tests/browser_*.rs lists: ${forgotten.join(", ")}`);
  if (missing.length) throw new Error(`cases that are listed and not written: ${missing.join(", ")}`);
}
