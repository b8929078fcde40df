import assert from "node:assert/strict";
import { enterLab, openLab, quick } from "./harness/lab.mjs";
import { lostConnection, test } from "./harness/test.mjs";

const chaos = { flags: ["--chaos"], expectedErrors: [lostConnection] };
/** So slow a heartbeat that nothing but the probe can have noticed. */
const probing = { ...quick, heartbeat: { interval: 60_000, timeout: 30_000, adaptive: false, probe: 500 } };
const wakings = {
  "becoming visible": () => document.dispatchEvent(new Event("visibilitychange")),
  "the browser's resume event": () => document.dispatchEvent(new Event("resume")),
  "the network coming back": () => dispatchEvent(new Event("online")),
};

for (const [name, wake] of Object.entries(wakings)) {
  test(`${name} probes the link, and replaces one that is dead`, chaos, async ({ page, server }) => {
    const lab = await openLab(page, "/ws", probing);
    await lab.ping();
    const [{ id }] = await server.connections();
    await server.fault({ kind: "blackhole", direction: "both" }, { target: { connection: id } });
    await page.evaluate(wake);
    await lab.next("error", { code: "HEARTBEAT_TIMEOUT" });
    await lab.next("reconnected");
    await lab.echo("on another link");
  });

  test(`${name} leaves a living link alone`, chaos, async ({ page }) => {
    const lab = await openLab(page, "/ws", probing);
    await lab.ping();
    await page.evaluate(wake);
    const { rtt } = await lab.next("heartbeat");
    assert.notEqual(rtt, null);
    assert.deepEqual(await lab.all("disconnect"), []);
  });

  test(`${name} ends a long wait for the next attempt`, chaos, async ({ page, server }) => {
    const lab = await enterLab(page);
    // So long a wait that nothing but the waking can have ended it.
    await page.evaluate(() => void window.lab.open("/ws", { reconnect: { decide: () => ({ after: 600_000 }) } }));
    await lab.next("open");
    await server.fault({ kind: "cut" });
    await lab.next("reconnecting", { delay: 600_000 });
    await page.evaluate(wake);
    await lab.next("reconnected");
    await lab.echo("still there");
  });
}

test("offline makes the attempts seldom, and a send tries at once", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", { ...quick, reconnect: { ...quick.reconnect, factor: 1, max: 60_000 } });
  const { id } = await server.fault({ kind: "refuse" });
  await server.fault({ kind: "cut" });
  await lab.next("reconnecting", { attempt: 3 });
  await page.evaluate(network, false);
  await lab.next("statechange", { to: "offline" });
  const { delay } = (await lab.all("reconnecting")).at(-1);
  assert.equal(delay, 60_000);
  await server.lift(id);
  await lab.send("written meanwhile");
  await lab.next("reconnected");
  await lab.next("message", { data: "written meanwhile" });
  await page.evaluate(network, true);
});

test("Chromium's own network emulation is understood", { ...chaos, engines: ["chromium"] }, async ({
  page,
  server,
  browser,
}) => {
  const lab = await openLab(page, "/ws", quick);
  try {
    await emulateNetwork(browser, true);
    await server.fault({ kind: "cut" });
    await lab.next("statechange", { to: "offline" });
  } finally {
    await emulateNetwork(browser, false);
  }
  await lab.next("reconnected");
  await lab.echo("still there");
});

test("a page that Chromium freezes, which cuts its links, is connected again when it thaws", {
  ...chaos,
  engines: ["chromium"],
}, async ({ page, browser }) => {
  const lab = await openLab(page, "/ws", quick);
  await lab.echo("before");
  await setLifecycle(browser, "frozen");
  await setLifecycle(browser, "active");
  await lab.next("disconnect", { code: 1006 });
  await lab.next("reconnected");
  await lab.echo("after");
});

function setLifecycle(browser, state) {
  return browser.session.post("/goog/cdp/execute", { cmd: "Page.setWebLifecycleState", params: { state } });
}

/** Runs in the page: says what a browser says when its network goes or comes. */
function network(online) {
  Object.defineProperty(navigator, "onLine", { value: online, configurable: true });
  dispatchEvent(new Event(online ? "online" : "offline"));
}

function emulateNetwork(browser, offline) {
  return browser.session.post("/chromium/network_conditions", {
    network_conditions: { offline, latency: 0, download_throughput: -1, upload_throughput: -1 },
  });
}
