// Where things are. Everything that is generated lies in a folder that git ignores.

import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** A path inside the repository. */
export const at = (...parts) => path.join(root, ...parts);

/** Tools built for this checkout, fingerprints of what is up to date, logs. */
export const toolsDir = at(".tools");

/** The published package, as `npm run build` makes it. */
export const distDir = at("dist");

/** Cargo's target folder for the native build; `CARGO_TARGET_DIR` moves it. */
export const targetDir = () => path.resolve(root, process.env.CARGO_TARGET_DIR || "target");

/** The dev server, built with optimisation. */
export const serverBinary = () => path.join(targetDir(), "release", "steadfast-server");

/** The environment of every child process: this checkout's own tools come first on PATH. */
export function childEnv(extra = {}) {
  const own = [path.join(toolsDir, "bin"), at("node_modules", ".bin")];
  const PATH = [...own, process.env.PATH ?? ""].join(path.delimiter);
  return { ...process.env, PATH, ...extra };
}

/** The full path of a program, or null when it is neither in `.tools/bin` nor on PATH. */
export function findProgram(name) {
  for (const folder of childEnv().PATH.split(path.delimiter)) {
    const file = path.join(folder, name);
    if (folder && existsSync(file)) return file;
  }
  return null;
}
