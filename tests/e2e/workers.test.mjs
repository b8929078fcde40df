import assert from "node:assert/strict";
import { lostConnection, test } from "./harness/test.mjs";

const chaos = { flags: ["--chaos"], expectedErrors: [lostConnection] };

test("a client in a dedicated worker echoes, and survives a cut", chaos, async ({ page, server }) => {
  await page.goto("/pages/raw.html");
  await page.evaluate(startWorker);
  await hears(page, "open");
  await page.evaluate(() => window.send("from a worker"));
  await hears(page, "message", "from a worker");
  await server.fault({ kind: "cut" });
  await hears(page, "reconnected");
  await page.evaluate(() => window.send("on another link"));
  await hears(page, "message", "on another link");
});

test("two pages share one client in a shared worker, and it survives a cut", chaos, async ({ page, server }) => {
  await page.goto("/pages/raw.html");
  await page.evaluate(joinSharedWorker);
  await hears(page, "joined");
  const tab = await page.newTab();
  await page.goto("/pages/raw.html");
  await page.evaluate(joinSharedWorker);
  const { pages } = await hears(page, "joined");
  assert.equal(pages, 2);
  await page.evaluate(() => window.send("from the second page"));
  await hears(page, "message", "from the second page");
  assert.equal((await server.connections()).length, 1);
  await server.fault({ kind: "cut" });
  await hears(page, "reconnected");
  await page.evaluate(() => window.send("after the cut"));
  await hears(page, "message", "after the cut");
  await page.closeTab();
  await tab.show(tab.old);
  await hears(page, "message", "after the cut");
});

/** Resolves with the details of the first `event` of the worker, the one with `data` if given. */
function hears(page, event, data) {
  return page.until(
    `${event} ${data ?? ""} of the worker`,
    (event, data) =>
      window.heard.find((heard) => heard.event === event && (data === null || heard.detail.data === data))?.detail,
    [event, data ?? null],
  );
}

// These run in the page. What a worker says is appended to the document too: `until` looks when that changes.

function startWorker() {
  const worker = new Worker("/pages/worker.js", { type: "module" });
  window.heard = [];
  window.send = (message) => worker.postMessage(message);
  worker.onmessage = ({ data }) => {
    window.heard.push(data);
    document.body.append(`${data.event} `);
  };
}

function joinSharedWorker() {
  const { port } = new SharedWorker("/pages/shared-worker.js", { type: "module" });
  window.heard = [];
  window.send = (message) => port.postMessage(message);
  port.onmessage = ({ data }) => {
    window.heard.push(data);
    document.body.append(`${data.event} `);
  };
}
