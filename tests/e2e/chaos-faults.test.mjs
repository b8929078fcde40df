import assert from "node:assert/strict";
import { openLab, quick, watchful } from "./harness/lab.mjs";
import { lostConnection, test } from "./harness/test.mjs";

const chaos = { flags: ["--chaos"], expectedErrors: [lostConnection] };

/** The code and reason a browser tells of a close: WebKitGTK's network library takes 1012 and above, below 3000, for an error. */
function told(browser, code, reason) {
  return browser.name === "webkit" && code > 1011 && code < 3000 ? [1006, "", false] : [code, reason, true];
}

for (const code of [1001, 1011, 1012, 3008, 4000]) {
  test(
    `a close with ${code} is retried, and its code and reason are told`,
    chaos,
    async ({ page, server, browser }) => {
      const lab = await openLab(page, "/ws", quick);
      await server.fault({ kind: "close", code, reason: "on purpose" });
      const lost = await lab.next("disconnect");
      assert.deepEqual([lost.code, lost.reason, lost.wasClean], told(browser, code, "on purpose"));
      assert.equal(lost.willRetry, true);
      await lab.next("reconnected");
      await lab.echo("still there");
    },
  );
}

for (const kind of ["cut", "reset"]) {
  test(`a ${kind} is retried, and told as 1006`, chaos, async ({ page, server }) => {
    const lab = await openLab(page, "/ws", quick);
    await server.fault({ kind });
    const lost = await lab.next("disconnect");
    assert.deepEqual([lost.code, lost.wasClean, lost.willRetry], [1006, false, true]);
    await lab.next("reconnected");
    await lab.echo("still there");
  });
}

for (const direction of ["both", "up", "down"]) {
  test(
    `a black hole (${direction}) is noticed by the heartbeat, and replaced without waiting for its close`,
    chaos,
    async ({ page, server }) => {
      const lab = await openLab(page, "/ws", { ...quick, heartbeat: watchful });
      await lab.ping(); // only a server that has answered once can be missed
      const [{ id }] = await server.connections();
      await server.fault({ kind: "blackhole", direction }, { target: { connection: id } });
      await lab.next("error", { code: "HEARTBEAT_TIMEOUT" });
      const { downtime } = await lab.next("reconnected");
      // Chromium tells of such a link's end after a minute.
      assert.ok(downtime < 20_000, `down for ${downtime} ms`);
      await lab.echo("on another link");
    },
  );
}

test("a delay keeps the link, the order, and shows in the round trip", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", { ...quick, heartbeat: { interval: 200, timeout: 5_000, adaptive: false } });
  await server.fault({ kind: "delay", ms: 300, direction: "both" });
  await lab.send("one", "two", "three");
  for (const data of ["one", "two", "three"]) await lab.next("message", { data });
  const slow = await lab.ping();
  assert.ok(slow >= 600, `a round trip of ${slow} ms`);
  await server.lift();
  const quickAgain = await lab.ping();
  assert.ok(quickAgain < 600, `a round trip of ${quickAgain} ms without the delay`);
  assert.deepEqual(await lab.all("disconnect"), []);
});

test("a slow line is not taken for a dead one", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", { ...quick, heartbeat: { interval: 500, timeout: 5_000, adaptive: false } });
  await server.fault({ kind: "bandwidth", bytesPerSecond: 8_000, direction: "both" });
  const length = 24_000;
  await page.evaluate((length) => window.lab.client.send("x".repeat(length)), length);
  const { data } = await lab.next("message", { data: "x".repeat(length) });
  assert.equal(data.length, length);
  assert.deepEqual(await lab.all("disconnect"), []);
});

test("a server that refuses is asked again until it takes the link", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", quick);
  const { id } = await server.fault({ kind: "refuse" });
  await server.fault({ kind: "cut" });
  await lab.next("disconnect", { code: 1006 });
  await lab.send("written meanwhile");
  for (const attempt of [2, 3, 4]) await lab.next("reconnecting", { attempt });
  await server.lift(id);
  await lab.next("reconnected");
  await lab.next("message", { data: "written meanwhile" });
  assert.equal((await lab.all("disconnect")).length, 1, "a link that never opened is not lost");
});

test(
  "a server that accepts and closes at once does not make the attempts start over",
  chaos,
  async ({ page, server, browser }) => {
    const [code] = told(browser, 1013);
    const lab = await openLab(page, "/ws", quick);
    const { id } = await server.fault({ kind: "accept-close", code: 1013 });
    await server.fault({ kind: "cut" });
    for (const attempt of [3, 4, 5]) {
      await lab.next("disconnect", { code });
      await lab.next("reconnecting", { attempt });
    }
    await server.lift(id);
    await lab.echo("still there");
  },
);

test("a handshake answered late opens the link late", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", quick);
  await server.fault({ kind: "late", ms: 1_000 });
  await server.fault({ kind: "cut" });
  const { downtime } = await lab.next("reconnected");
  assert.ok(downtime >= 1_000, `back after ${downtime} ms`);
  assert.deepEqual(await lab.all("error"), []);
});

test("a handshake answered too late is given up and tried again", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", { ...quick, connectTimeout: 500 });
  const { id } = await server.fault({ kind: "late", ms: 20_000 });
  await server.fault({ kind: "cut" });
  await lab.next("error", { code: "CONNECT_TIMEOUT" });
  await lab.next("error", { code: "CONNECT_TIMEOUT" });
  await server.lift(id);
  await lab.next("reconnected");
  await lab.echo("still there");
});
