// Runs the end-to-end tests: `node tests/e2e/run.mjs --browser chromium|firefox|webkit [--filter TEXT] [--headed]`.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { engines, openBrowser } from "./harness/browsers.mjs";
import { endAll } from "./harness/process.mjs";
import { assembleSite } from "./harness/site.mjs";
import { runTests } from "./harness/test.mjs";

const RESULTS = new URL("../../test-results/e2e/", import.meta.url);

const { browser: engine, filter, headed } = readArguments();
let counts = { passed: 0, failed: 1 };

await loadTests();
const site = await assembleSite();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await endAll();
    await site.remove();
    process.exit(130);
  });
}
try {
  const browser = await openBrowser(engine, { headed });
  counts = await runTests(browser, site.folder, { filter, onFailure: keepScreenshot });
  await browser.close();
} catch (error) {
  console.error(error);
} finally {
  await endAll();
  await site.remove();
}
if (counts.passed + counts.failed === 0) {
  console.error(`no test is called ${JSON.stringify(filter)}`);
  counts.failed = 1;
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 ? 0 : 1);

function readArguments() {
  const { values } = parseArgs({
    options: {
      browser: { type: "string", default: "chromium" },
      filter: { type: "string", default: "" },
      headed: { type: "boolean", default: false },
    },
  });
  if (engines.includes(values.browser)) return values;
  console.error(`--browser ${values.browser}: not one of ${engines.join(", ")}`);
  process.exit(2);
}

async function loadTests() {
  const folder = new URL("./", import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs")).sort();
  for (const file of files) await import(new URL(file, folder));
}

async function keepScreenshot(test, page) {
  try {
    await mkdir(RESULTS, { recursive: true });
    const file = new URL(`${engine}-${test.name.replace(/[^a-z0-9]+/gi, "-")}.png`, RESULTS);
    await writeFile(file, await page.screenshot());
  } catch {
    // A page that is gone has no picture; the test's own error says why.
  }
}
