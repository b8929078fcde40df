import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { enterLab, openLab, quick } from "./harness/lab.mjs";
import { bareEcho, graphqlServer, silentServer } from "./harness/peers.mjs";
import { test } from "./harness/test.mjs";

const INTERVAL = 100;
const heartbeat = { interval: INTERVAL, timeout: 500, misses: 2, adaptive: false };

test("a bare echo, which sends PING back, keeps its link over many intervals", {}, async ({ page }) => {
  await withPeer(page, bareEcho, async (echo) => {
    const lab = await openLab(page, echo.url, { ...quick, heartbeat });
    for (let pings = 0; pings < 20; pings += 1) await lab.next("message", { data: "PING" });
    await lab.echo("still there");
    await assertOneLink(lab, echo);
  });
});

test("a server that never says a word keeps its link, and is told of once in the log", {}, async ({ page }) => {
  await withPeer(page, silentServer, async (silent) => {
    const lab = await enterLab(page);
    await page.evaluate(
      (url, options) => {
        window.records = [];
        window.lab.open(url, { ...options, log: (record) => window.records.push(record) });
      },
      silent.url,
      { ...quick, heartbeat: { ...heartbeat, timeout: INTERVAL } },
    );
    await lab.next("heartbeat", { missed: 2 });
    await sleep(30 * INTERVAL); // nothing more happens: that is what is shown
    assert.equal((await lab.all("heartbeat")).length, 2, "the heartbeat has stopped");
    const warnings = await page.evaluate(() => window.records.filter((record) => record.level === "warn").length);
    assert.equal(warnings, 1);
    await assertOneLink(lab, silent);
  });
});

test("graphql-ws's server is greeted, pinged in its own words, and keeps its link", {}, async ({ page }) => {
  await withPeer(page, graphqlServer, async (graphql) => {
    const lab = await enterLab(page);
    await page.evaluate(
      (url, options) => {
        window.lab.open(url, {
          ...options,
          protocols: "graphql-transport-ws",
          greet: () => JSON.stringify({ type: "connection_init" }),
          heartbeat: { ...options.heartbeat, ping: '{"type":"ping"}' },
        });
      },
      graphql.url,
      { ...quick, heartbeat },
    );
    const { protocol } = await lab.next("open");
    assert.equal(protocol, "graphql-transport-ws");
    await lab.next("message", { data: '{"type":"connection_ack"}' });
    for (let pings = 0; pings < 20; pings += 1) await lab.next("message", { data: '{"type":"pong"}' });
    await lab.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: "subscription { greetings }" } }));
    await lab.next("message", { data: '{"id":"1","type":"next","payload":{"data":{"greetings":"hello"}}}' });
    await lab.next("message", { data: '{"id":"1","type":"complete"}' });
    await assertOneLink(lab, graphql);
  });
});

/** Runs `use` with a server of others, which ends after the client has: or the client would ask for it in vain, aloud. */
async function withPeer(page, start, use) {
  const peer = await start();
  try {
    await use(peer);
  } finally {
    await page.evaluate(() => window.lab?.client?.close());
    await peer.close();
  }
}

async function assertOneLink(lab, peer) {
  assert.equal(await lab.state, "open");
  assert.deepEqual(await lab.all("disconnect"), []);
  assert.equal(peer.links, 1);
}
