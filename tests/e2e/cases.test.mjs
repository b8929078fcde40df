import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleCases } from "../browser/bundle.mjs";
import { test } from "./harness/test.mjs";

/** What depends on the events of a page, its clocks and its network. In the other browsers wasm-pack runs all cases. */
const FILES = ["evidence", "hints", "lifecycle", "never", "proxies", "release", "stuck", "unanswered"];

for (const file of FILES) {
  test(`the browser tests' cases hold: ${file}`, { engines: ["webkit"], expectedErrors: [/./] }, async ({
    page,
    site,
  }) => {
    await cp(await bundleCases(), join(site, "pages/cases.js"));
    await page.goto("/pages/raw.html");
    const failed = [];
    for (const name of await casesIn(file)) {
      const run = async (name) => (await import("/pages/cases.js"))[name]().then(() => null, String);
      const why = await page.evaluate(run, name);
      if (why !== null) failed.push(`${name}: ${why}`);
    }
    assert.deepEqual(failed, []);
  });
}

async function casesIn(file) {
  const text = await readFile(new URL(`../browser/cases/${file}.js`, import.meta.url), "utf8");
  const names = [...text.matchAll(/^export const (\w+) = test\(/gm)].map(([, name]) => name);
  assert.ok(names.length > 0, `no case in ${file}`);
  return names;
}
