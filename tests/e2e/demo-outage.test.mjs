import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { lostConnection, test } from "./harness/test.mjs";

const OUTAGE = 5_000;

test("fifty messages written while the server is dead arrive in order when it is back", {
  expectedErrors: [lostConnection],
}, async ({ page, server }) => {
  await page.goto("/");
  await page.until("the connection", () => document.querySelector("#state").dataset.state === "open");
  await page.evaluate(recordBanner);
  await sendBurst(page, 100);
  await page.until("100 echoes", echoed, [100]);
  assert.equal(await bannerHistory(page), "hidden");

  const died = performance.now();
  await server.kill();
  await page.until("the disconnect", () => document.querySelector("#log [data-kind=disconnect]"));
  await sendBurst(page, 50);
  await page.until("the queue to show in the status", () =>
    document.querySelector("#queued").textContent.startsWith("50 "),
  );
  await page.until("the countdown", countsDown);
  await sleep(OUTAGE - (performance.now() - died));
  await server.start();

  await page.until("150 echoes", echoed, [150]);
  await page.until("the banner to go", () => document.querySelector("#banner").hidden);
  assert.equal(await bannerHistory(page), "hidden shown hidden");
  const bodies = await page.evaluate(() =>
    [...document.querySelectorAll(".theirs .body")].map((body) => body.textContent),
  );
  assert.deepEqual(bodies, [...numbered(100), ...numbered(50)]);
  assert.equal(await page.text("#queued"), "0");
  assert.deepEqual(await fates(page), ["returned"], "every message says that it came back");
});

async function sendBurst(page, size) {
  await page.fill("#burst-size", String(size));
  await page.click("#burst button");
}

function numbered(size) {
  return Array.from({ length: size }, (_, index) => `number ${index + 1} of ${size}`);
}

// These run in the page.

/** Lives as long as the document does: a reload would lose it. */
function recordBanner() {
  const banner = document.querySelector("#banner");
  const say = () => (banner.hidden ? "hidden" : "shown");
  window.bannerHistory = [say()];
  new MutationObserver(() => {
    if (window.bannerHistory.at(-1) !== say()) window.bannerHistory.push(say());
  }).observe(banner, { attributes: true });
}

function countsDown() {
  const text = document.querySelector("#banner-text").textContent;
  return /^Connection lost\. (Next try in \d+ s|Trying now) \(attempt \d+\)\.$/.test(text);
}

function echoed(count) {
  return document.querySelectorAll(".theirs").length >= count;
}

function bannerHistory(page) {
  return page.evaluate(() => window.bannerHistory.join(" "));
}

function fates(page) {
  return page.evaluate(() => [...new Set([...document.querySelectorAll(".mine")].map((row) => row.dataset.state))]);
}
