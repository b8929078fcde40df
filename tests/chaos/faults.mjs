// Faults of every kind between a real page and a real server, while messages go both ways.

import { setTimeout as sleep } from "node:timers/promises";
import { planFaults } from "./plan.mjs";
import { isClean, judge } from "./verdict.mjs";

/** Longer than any backoff (60 s) and dead link (40 s) together. */
export const PATIENCE = 150_000;

/** Plays `options.faults` faults among `options.messages` messages on an open page; resolves with the report. */
export async function playFaults({ page, server, options, say }) {
  await page.goto(`/pages/chaos.html?server=${server.origin}`);
  await page.until("the page to load", () => document.documentElement.dataset.ready === "");
  try {
    const struck = await play({ page, server, options, say });
    await page.evaluate((timeout) => window.chaos.flush(timeout), PATIENCE);
    await page.until("all answers", allAnswered, [options.messages], PATIENCE);
    return assess(await page.evaluate(() => window.chaos.report()), struck, options);
  } catch (error) {
    error.message += `\n${JSON.stringify(await page.evaluate(() => ({ ...document.documentElement.dataset })))}`;
    throw error;
  }
}

/** Sends the messages in as many parts as there are faults, and strikes in the middle of each part. */
async function play({ page, server, options, say }) {
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

function assess({ records, counts, queued, state, reconnects }, struck, options) {
  const reported = counts.dropped.map(({ key }) => key);
  const verdict = judge(records, counts.accepted, reported);
  const { gaps, dropped, ...happened } = counts;
  return {
    messages: options.messages,
    faults: options.faults,
    ...verdict,
    clean: isClean(verdict) && counts.accepted === options.messages,
    struck,
    ...happened,
    gaps: gaps.length,
    dropped: dropped.length,
    queued: queued.messages,
    state,
    reconnects,
  };
}

function send(page, from, to) {
  return page.evaluate((from, to) => window.chaos.send(from, to), from, to);
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
