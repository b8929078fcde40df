// Registering tests, and running them against one browser.
import { Page } from "./page.mjs";
import { startServer } from "./server.mjs";

const tests = [];

/**
 * Registers a test. It gets `{ page, server, browser, site }`, a server of its own, started with `flags`,
 * and a blank page. Console errors fail it, except those that match one of `expectedErrors`.
 */
export function test(name, { flags = [], expectedErrors = [], engines } = {}, run) {
  tests.push({ name, flags, expectedErrors, engines, run });
}

/** The browsers say this about every WebSocket that fails, and no page can prevent it. */
export const lostConnection =
  /WebSocket|can.t establish a connection|ERR_CONNECTION|Could not connect|was interrupted while the page was loading/i;

/** Runs what is registered and matches `filter`; returns the counts. */
export async function runTests(browser, site, { filter = "", onFailure } = {}) {
  let passed = 0;
  let failed = 0;
  for (const test of tests) {
    if (!test.name.includes(filter) || (test.engines && !test.engines.includes(browser.name))) continue;
    const began = performance.now();
    const error = await runOne(test, browser, site, onFailure);
    const took = `(${Math.round(performance.now() - began)} ms)`;
    if (error) {
      failed += 1;
      console.log(`✖ ${browser.name}: ${test.name} ${took}\n${indent(error.stack ?? String(error))}`);
    } else {
      passed += 1;
      console.log(`✔ ${browser.name}: ${test.name} ${took}`);
    }
  }
  return { passed, failed };
}

async function runOne(test, browser, site, onFailure) {
  const server = await startServer(site, test.flags);
  const page = new Page(browser, server.origin);
  await browser.takeErrors();
  try {
    await test.run({ page, server, browser, site });
    const seen = await page.collectedErrors();
    await page.goto("about:blank");
    const unexpected = [...seen, ...(await browser.takeErrors())].filter(
      (line) => !test.expectedErrors.some((pattern) => pattern.test(line)),
    );
    if (unexpected.length > 0) throw new Error(`console errors:\n${unexpected.join("\n")}`);
    return null;
  } catch (error) {
    error.stack += `\nserver log:\n${server.log.slice(-12).join("\n")}`;
    await onFailure?.(test, page);
    await page.goto("about:blank").catch(() => {}); // the failure above is the one to report
    return error;
  } finally {
    await server.kill();
  }
}

function indent(text) {
  return text.replace(/^/gm, "    ");
}
