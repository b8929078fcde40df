// `npm run chaos`: a real page and a real server with its durable store, and what can happen to them. Ends with
// exit code 1 when a message was lost, doubled, reordered or changed, or a page got a state that never was.
//
//   npm run chaos -- --browser chromium|firefox|webkit --messages 5000 --faults 100    faults of the link and the server
//   npm run chaos -- --browser chromium|firefox|webkit --page 200 [--kills 20]         deaths of the page
//   besides: [--seed N] [--json] [--headed]

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { engines, openBrowser } from "../e2e/harness/browsers.mjs";
import { Page } from "../e2e/harness/page.mjs";
import { endAll } from "../e2e/harness/process.mjs";
import { startServer } from "../e2e/harness/server.mjs";
import { assembleSite } from "../e2e/harness/site.mjs";
import { playDeaths } from "./deaths.mjs";
import { PATIENCE, playFaults } from "./faults.mjs";

const options = readArguments();
const say = options.json ? () => {} : console.log;
const began = performance.now();
const folder = await mkdtemp(join(tmpdir(), "steadfast-chaos-"));
const site = await assembleSite();
let exitCode = 1;
try {
  const report = await run();
  console.log(options.json ? JSON.stringify(report) : JSON.stringify(report, null, 2));
  exitCode = report.clean ? 0 : 1;
} catch (error) {
  console.error(error);
} finally {
  await endAll();
  await site.remove();
  await rm(folder, { recursive: true, force: true });
}
process.exit(exitCode);

async function run() {
  // The page outlives the server that it talks to.
  const pages = await startServer(site.folder);
  const store = join(folder, "sessions.db");
  const server = await startServer(site.folder, ["--chaos", "--store", store, "--origin", pages.origin]);
  const browser = await openBrowser(options.browser, { headed: options.headed });
  await browser.session.post("/timeouts", { script: PATIENCE + 30_000, pageLoad: 60_000 });
  const page = new Page(browser, pages.origin);
  const play = options.page > 0 ? playDeaths : playFaults;
  let report = { browser: options.browser, seed: options.seed };
  try {
    report = { ...report, ...(await play({ page, pages, server, browser, site, options, say })) };
    report.seconds = Math.round((performance.now() - began) / 1_000);
    return report;
  } finally {
    if (!report.clean) await keep(server, report);
    await browser.close();
  }
}

async function keep(server, report) {
  const file = join(tmpdir(), `steadfast-chaos-${options.browser}-${options.seed}.log`);
  await writeFile(file, `${JSON.stringify(report)}\n${server.log.join("\n")}\n`);
  console.error(`the server's log: ${file}`);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      browser: { type: "string", default: "chromium" },
      messages: { type: "string", default: "5000" },
      faults: { type: "string", default: "100" },
      page: { type: "string", default: "0" },
      kills: { type: "string" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      headed: { type: "boolean", default: false },
    },
  });
  if (!engines.includes(values.browser)) fail(`--browser ${values.browser}: not one of ${engines.join(", ")}`);
  const number = (name, least) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least) fail(`--${name} ${values[name]}: a whole number, at least ${least}`);
    return value;
  };
  const page = number("page", 0);
  values.kills ??= String(Math.ceil(page / 10));
  return {
    ...values,
    page,
    messages: number("messages", 1),
    faults: number("faults", 1),
    kills: number("kills", 0),
    seed: number("seed", 0),
  };
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
