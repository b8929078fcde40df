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

/** Runs what is registered and matches `filter`; returns how many passed, and what is to be told of each that failed. */
export async function runTests(browser, site, { filter = "", onFailure } = {}) {
  let passed = 0;
  const failures = [];
  for (const test of tests) {
    if (!test.name.includes(filter) || (test.engines && !test.engines.includes(browser.name))) continue;
    const began = performance.now();
    const error = await runOne(test, browser, site, onFailure).catch((error) => error);
    const took = `(${Math.round(performance.now() - began)} ms)`;
    if (error) {
      failures.push(`✖ ${browser.name}: ${test.name} ${took}\n${indent(error.stack)}`);
      console.log(failures.at(-1));
    } else {
      passed += 1;
      console.log(`✔ ${browser.name}: ${test.name} ${took}`);
    }
  }
  return { passed, failures };
}

async function runOne(test, browser, site, onFailure) {
  const server = await startServer(site, test.flags);
  const page = new Page(browser, server.origin);
  const tab = await page.tab();
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
    await leave(page, tab).catch(() => {}); // the failure above is the one to report
    return error;
  } finally {
    await server.kill();
  }
}

/** Leaves nothing behind that could trouble the next test: a tab would go on asking for its server, aloud. */
async function leave(page, tab) {
  await page.closeTabsBut(tab);
  await page.goto("about:blank");
}

function indent(text) {
  return text.replace(/^/gm, "    ");
}
