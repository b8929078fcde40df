import assert from "node:assert/strict";
import { enterLab, openLab, quick } from "./harness/lab.mjs";
import { lostConnection, test } from "./harness/test.mjs";

const chaos = { flags: ["--chaos"], expectedErrors: [lostConnection] };
/** Giving up is an error in the log, which by default is the console. */
const givingUp = { ...chaos, expectedErrors: [lostConnection, /steadfast: given up/] };

test("a message too long for the server is reported with its size, and the rest of the queue goes on", {
  flags: ["--max-message", "64KiB"],
  expectedErrors: [lostConnection],
}, async ({ page }) => {
  const lab = await openLab(page, "/ws", quick);
  await page.evaluate(() => window.lab.client.send("x".repeat(100_000)));
  const { code, message } = await lab.next("error");
  assert.equal(code, "MESSAGE_TOO_LARGE");
  assert.match(message, /\b100000\b/);
  await lab.send("written meanwhile");
  await lab.next("reconnected");
  await lab.next("message", { data: "written meanwhile" });
  assert.deepEqual(await lab.all("dropped"), []);
});

for (const code of [3000, 4401]) {
  test(`a close with ${code} asks for URL, protocols and greeting once more`, chaos, async ({ page, server }) => {
    const lab = await openCounting(page);
    await server.fault({ kind: "close", code, reason: "expired" });
    await lab.next("disconnect", { code, willRetry: true });
    await lab.next("reconnected");
    await lab.next("message", { data: "greeting 2" });
    assert.deepEqual(await asked(page), { url: 2, protocols: 2, greet: 2 });
  });
}

test(
  "a close with 4401 that comes again after fresh credentials ends in UNAUTHORIZED, and reconnect() leads out",
  givingUp,
  async ({ page, server }) => {
    const lab = await openCounting(page);
    const { id } = await server.fault({ kind: "accept-close", code: 4401, reason: "expired" });
    await server.fault({ kind: "close", code: 4401, reason: "expired" });
    await lab.next("disconnect", { code: 4401, willRetry: true });
    await lab.next("disconnect", { code: 4401, willRetry: false });
    assert.equal((await lab.next("failed")).code, "UNAUTHORIZED");
    assert.equal(await lab.state, "failed");
    assert.equal((await asked(page)).url, 2);
    await server.lift(id);
    await page.evaluate(() => window.lab.client.reconnect());
    await lab.next("open");
    assert.equal((await asked(page)).url, 3);
  },
);

test("a bare 1000 from the server is no goodbye: the link comes back", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", quick);
  await server.fault({ kind: "close", code: 1000, reason: "" });
  await lab.next("disconnect", { code: 1000, wasClean: true, willRetry: true });
  await lab.next("reconnected");
  await lab.echo("still there");
});

for (const code of [1002, 1003, 1007, 1008, 3003]) {
  test(`a close with ${code} is not retried: a retry would repeat it`, givingUp, async ({ page, server }) => {
    const lab = await openLab(page, "/ws", quick);
    await server.fault({ kind: "close", code, reason: "never" });
    await lab.next("disconnect", { code, willRetry: false });
    assert.equal((await lab.next("failed")).code, "REFUSED");
    assert.equal(await lab.state, "failed");
  });
}

test("decide overrules the table, both ways", givingUp, async ({ page, server }) => {
  const lab = await enterLab(page);
  await page.evaluate((options) => {
    const decide = ({ code }) => ({ 1008: "retry", 4000: "stop" })[code];
    window.lab.open("/ws", { reconnect: { ...options.reconnect, decide } });
  }, quick);
  await lab.next("open");
  await server.fault({ kind: "close", code: 1008, reason: "" });
  await lab.next("disconnect", { code: 1008, willRetry: true });
  await lab.next("reconnected");
  await server.fault({ kind: "close", code: 4000, reason: "" });
  await lab.next("disconnect", { code: 4000, willRetry: false });
  assert.equal((await lab.next("failed")).code, "REFUSED");
});

/** A client whose URL, protocols and greeting are functions that count how often they are asked. */
async function openCounting(page) {
  const lab = await enterLab(page);
  await page.evaluate((options) => {
    const asked = { url: 0, protocols: 0, greet: 0 };
    window.asked = asked;
    const url = async () => `/ws?token=${++asked.url}`;
    const protocols = () => {
      asked.protocols += 1;
      return [];
    };
    window.lab.open(url, { ...options, protocols, greet: () => `greeting ${++asked.greet}` });
  }, quick);
  await lab.next("open");
  return lab;
}

function asked(page) {
  return page.evaluate(() => window.asked);
}
