// The package's subpaths as files at its root, for tools that do not read `exports` in package.json: Parcel as it comes,
// TypeScript's moduleResolution "node10", and people who look for the module to serve it.

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { at } from "./paths.mjs";

/** The files, each with how to write it. What `exports` says of the package itself is not among them. */
function rootFiles() {
  const { exports } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (subpath === "." || target === subpath) return [];
    if (typeof target === "string") return [[at(subpath), (file) => cpSync(at(target), file)]];
    const refer = (to) => (file) => writeFileSync(file, `export * from "${to}";\n`);
    return [
      [at(`${subpath}.js`), refer(target.default)],
      [at(`${subpath}.d.ts`), refer(target.types.replace(".d.ts", ".js"))],
    ];
  });
}

/** Their paths. */
export const rootFilePaths = () => rootFiles().map(([file]) => file);

export function writeRootFiles() {
  for (const [file, write] of rootFiles()) write(file);
}
