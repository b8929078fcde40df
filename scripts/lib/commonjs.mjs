// The entries once more as CommonJS, each in one file that carries its module inside: for Jest as it comes, and for
// whoever else cannot `require` an ECMAScript module.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const ENTRIES = ["index", "core", "inline"];

/** Writes the folder `commonjs` into the package that lies in `folder`. */
export async function writeCommonJs(folder) {
  const { build } = await import("esbuild");
  const made = path.join(folder, "commonjs");
  await build({
    entryPoints: ENTRIES.map((entry) => `${entry}.js`),
    absWorkingDir: folder,
    bundle: true,
    format: "cjs",
    platform: "node", // names the exports for those who import it
    target: "es2022",
    outdir: made,
    outExtension: { ".js": ".cjs" },
    // A script without an address takes the module as text.
    logOverride: { "empty-import-meta": "silent" },
  });
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".d.ts"))) {
    const types = readFileSync(path.join(folder, name), "utf8");
    const renamed = types.replaceAll(/ from "(\.\/\w+)\.js";/g, ' from "$1.cjs";');
    writeFileSync(path.join(made, name.replace(/\.ts$/, ".cts")), renamed);
  }
}
