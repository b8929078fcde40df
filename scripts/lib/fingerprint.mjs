// Knows whether something that was made is still what its inputs would make.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root, toolsDir } from "./paths.mjs";

/**
 * Runs `make` unless the inputs are the same as the last time it succeeded and every output exists.
 *
 * `inputs` are files and folders (a missing one counts as empty); `facts` are strings that matter too, a tool's version say.
 * Resolves to true when it was made, false when it was already there.
 */
export async function makeIfChanged(name, { inputs, facts = [], outputs }, make) {
  const stamp = path.join(toolsDir, "fingerprints", name);
  const now = fingerprint(inputs, facts);
  const known = existsSync(stamp) ? readFileSync(stamp, "utf8") : "";
  if (known === now && outputs.every((output) => existsSync(output))) return false;
  rmSync(stamp, { force: true });
  await make();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, now);
  return true;
}

/** One hash over the names and contents of files and folders, and over `facts`. */
export function fingerprint(inputs, facts = []) {
  const hash = createHash("sha256");
  for (const fact of facts) hash.update(`fact ${fact.length} ${fact}\n`);
  for (const input of inputs) {
    for (const file of filesIn(input)) {
      const content = readFileSync(file);
      hash.update(`file ${path.relative(root, file)} ${content.length}\n`);
      hash.update(content);
    }
  }
  return hash.digest("hex");
}

/** Every file in a folder, sorted by name at each level; a file is itself; what does not exist is nothing. */
export function filesIn(place) {
  if (!existsSync(place)) return [];
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place)
    .sort()
    .flatMap((name) => filesIn(path.join(place, name)));
}
