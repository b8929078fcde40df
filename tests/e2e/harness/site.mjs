// The folder that the server hands out during a run: the demo, the package, and the test pages.

import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Where each part comes from, and where the site has it: the demo at /, the package at /pkg/, the test pages at /pages/. */
const PARTS = [
  ["www/dist", "."],
  ["dist", "pkg"],
  ["tests/e2e/pages", "pages"],
];

/** Copies the parts that are built into a fresh folder; copies, because the server follows no link out of its folder. */
export async function assembleSite() {
  const folder = await mkdtemp(join(tmpdir(), "steadfast-site-"));
  for (const [from, to] of PARTS) {
    if (existsSync(join(ROOT, from))) await cp(join(ROOT, from), join(folder, to), { recursive: true });
  }
  for (const file of await readdir(folder, { recursive: true })) {
    if (file.endsWith(".html")) await collectErrors(join(folder, file));
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Lets a page load pages/collect.js before anything else. */
async function collectErrors(file) {
  const html = await readFile(file, "utf8");
  await writeFile(file, html.replace(/<head>/i, '$&<script src="/pages/collect.js"></script>'));
}
