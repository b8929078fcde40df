// Runs the end-to-end tests: `node tests/e2e/run.mjs --browser chromium|firefox|webkit [--filter TEXT] [--headed]`.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { engines, openBrowser } from "./harness/browsers.mjs";
import { endAll } from "./harness/process.mjs";
import { assembleSite } from "./harness/site.mjs";
import { runTests } from "./harness/test.mjs";

/**
 * Firefox aborts the scripts of a process that is to end, even in the middle of a call into WebAssembly. The client says
 * so in the last moment of its page, in the console, where the tests allow no errors. The chaos runs have Firefox as it is.
 */
const UNCUT = { "dom.abort_script_on_child_shutdown": false };
const RESULTS = new URL("../../test-results/e2e/", import.meta.url);

const { browser: engine, filter, headed } = readArguments();
let passed = 0;
let failures = [];

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
  const browser = await openBrowser(engine, { headed, prefs: UNCUT });
  ({ passed, failures } = await runTests(browser, site.folder, { filter, onFailure: keepScreenshot }));
  await browser.close();
  if (passed + failures.length === 0) failures = [`no test is called ${JSON.stringify(filter)}`];
} catch (error) {
  failures.push(`the browser did not start or end: ${error.stack}`);
} finally {
  await endAll();
  await site.remove();
}
console.log(`${passed} passed, ${failures.length} failed`);
// Once more, since whoever reads a log reads its end first, and sometimes has only that.
for (const failure of failures) console.log(failure);
process.exit(failures.length === 0 ? 0 : 1);

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
    // WebKitWebDriver hangs over a picture of any tab but the first.
    if (engine === "webkit" && (await page.tabs()).length > 1) return;
    await mkdir(RESULTS, { recursive: true });
    const file = new URL(`${engine}-${test.name.replace(/[^a-z0-9]+/gi, "-")}.png`, RESULTS);
    await writeFile(file, await page.screenshot());
  } catch {
    // A page that is gone has no picture; the test's own error says why.
  }
}
