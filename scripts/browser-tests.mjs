// The browser tests: the published JavaScript in a page, a dedicated worker and a shared worker.
//
//   node scripts/browser-tests.mjs --browser chrome|firefox [FILTER]   runs those whose name contains FILTER
//   node scripts/browser-tests.mjs --bundle                            only makes the module that the tests import

import { run } from "./lib/process.mjs";
import { main, Stop, step } from "./lib/report.mjs";
import { setUp } from "./lib/setup.mjs";

/** Each browser with what it needs. */
const BROWSERS = { chrome: "chromium", firefox: "firefox" };
/** One environment with all its cases; a case that hangs fails by itself much sooner. */
const LIMIT_S = 240;

await main(async () => {
  const [mode, browser, ...filter] = process.argv.slice(2);
  if (mode === "--bundle") return bundle(await setUp(["package"]));
  if (mode !== "--browser" || !(browser in BROWSERS)) {
    throw new Stop("no browser is named; run `node scripts/browser-tests.mjs --browser chrome`, or firefox.");
  }
  const { wasmEnv } = await setUp(["package", "wasm-pack", BROWSERS[browser]]);
  await bundle();
  const harness = filter.length > 0 ? ["--", ...filter] : [];
  const args = ["test", "--headless", `--${browser}`, ".", "--locked", ...harness];
  await run("wasm-pack", args, { env: { ...wasmEnv, WASM_BINDGEN_TEST_TIMEOUT: String(LIMIT_S) }, show: true });
});

/** After the set-up only: the bundler is one of the packages that it installs. */
async function bundle() {
  const { bundleCases } = await import("../tests/browser/bundle.mjs");
  await step("the browser tests' cases in one module", bundleCases);
}
