// `npm run chaos`: a real page and a real server with its durable store, and faults of every kind between
// them. Ends with exit code 1 when a message was lost, doubled, reordered or changed either way.
//
//   npm run chaos -- --browser chromium|firefox|webkit --messages 5000 --faults 100 [--seed N] [--json] [--headed]

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { engines, openBrowser } from "../e2e/harness/browsers.mjs";
import { Page } from "../e2e/harness/page.mjs";
import { endAll } from "../e2e/harness/process.mjs";
import { startServer } from "../e2e/harness/server.mjs";
import { assembleSite } from "../e2e/harness/site.mjs";
import { planFaults } from "./plan.mjs";
import { isClean, judge } from "./verdict.mjs";

/** Longer than any backoff (60 s) and dead link (40 s) together. */
const PATIENCE = 150_000;

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
  const server = await startServer(site.folder, ["--chaos", "--store", join(folder, "sessions.db")]);
  const browser = await openBrowser(options.browser, { headed: options.headed });
  await browser.session.post("/timeouts", { script: PATIENCE + 30_000, pageLoad: 60_000 });
  const page = new Page(browser, server.origin);
  await page.goto("/pages/chaos.html");
  await page.until("the page to load", () => document.documentElement.dataset.ready === "");
  try {
    const struck = await play(page, server);
    await settle(page);
    const report = assess(await page.evaluate(() => window.chaos.report()), struck);
    if (!report.clean) await keep(server, report);
    return report;
  } catch (error) {
    error.message += `\n${JSON.stringify(await page.evaluate(() => ({ ...document.documentElement.dataset })))}`;
    await keep(server, {});
    throw error;
  } finally {
    await browser.close();
  }
}

/** Sends the messages in as many parts as there are faults, and strikes in the middle of each part. */
async function play(page, server) {
  const struck = {};
  const plan = planFaults(options.seed, options.faults);
  for (const [at, planned] of plan.entries()) {
    const [from, to] = [at, at + 1].map((part) => Math.floor((part * options.messages) / plan.length));
    const middle = Math.floor((from + to) / 2);
    await send(page, from, middle);
    await sleep(planned.pauseMs);
    await strike(server, planned);
    struck[planned.name] = (struck[planned.name] ?? 0) + 1;
    await send(page, middle, to);
    if (planned.waits) await page.until("the link to be back", isOpen, [], PATIENCE);
    say(`${at + 1}/${plan.length} ${planned.name}: ${await page.evaluate(progress)}`);
  }
  await server.lift();
  return struck;
}

async function strike(server, { kill, deadMs, fault, durationMs, cut }) {
  if (kill) {
    await server.kill();
    await sleep(deadMs);
    return server.start();
  }
  await server.fault(fault, { durationMs });
  // What is in the way of new links only is met by breaking the one there is.
  if (cut) await server.fault({ kind: "cut" });
}

/** Everything accepted has its end: acknowledged and answered, or reported. */
async function settle(page) {
  await page.evaluate((timeout) => window.chaos.flush(timeout), PATIENCE);
  await page.until("all answers", allAnswered, [options.messages], PATIENCE);
}

function assess({ records, counts, queued, state, reconnects }, struck) {
  const reported = counts.dropped.map(({ key }) => key);
  const verdict = judge(records, counts.accepted, reported);
  const { gaps, dropped, ...happened } = counts;
  return {
    browser: options.browser,
    messages: options.messages,
    faults: options.faults,
    seed: options.seed,
    ...verdict,
    clean: isClean(verdict) && counts.accepted === options.messages,
    struck,
    ...happened,
    gaps: gaps.length,
    dropped: dropped.length,
    queued: queued.messages,
    state,
    reconnects,
    seconds: Math.round((performance.now() - began) / 1_000),
  };
}

async function keep(server, report) {
  const file = join(tmpdir(), `steadfast-chaos-${options.browser}-${options.seed}.log`);
  await writeFile(file, `${JSON.stringify(report)}\n${server.log.join("\n")}\n`);
  console.error(`the server's log: ${file}`);
}

function send(page, from, to) {
  return page.evaluate((from, to) => window.chaos.send(from, to), from, to);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      browser: { type: "string", default: "chromium" },
      messages: { type: "string", default: "5000" },
      faults: { type: "string", default: "100" },
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
  return { ...values, messages: number("messages", 1), faults: number("faults", 1), seed: number("seed", 0) };
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

// These run in the page.

function isOpen() {
  const { state, failed } = document.documentElement.dataset;
  if (failed) throw new Error(failed);
  return state === "open";
}

function progress() {
  const { recorded, state } = document.documentElement.dataset;
  return `${recorded ?? 0} answered, ${state}`;
}

/** Each message is answered or reported. */
function allAnswered(messages) {
  const { recorded, dropped, failed } = document.documentElement.dataset;
  if (failed) throw new Error(failed);
  return Number(recorded ?? 0) + Number(dropped ?? 0) >= messages;
}
