import assert from "node:assert/strict";
import { enterLab, openLab, quick } from "./harness/lab.mjs";
import { lostConnection, test } from "./harness/test.mjs";

const chaos = { flags: ["--chaos", "--store", "memory"], expectedErrors: [lostConnection] };
const reliable = { ...quick, session: true };

test("a session goes on after a cut, with everything in order and once", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", reliable);
  for (let round = 0; round < 5; round += 1) {
    await sendNumbers(page, round * 100, 50);
    await server.fault({ kind: round % 2 === 0 ? "cut" : "reset" });
    await sendNumbers(page, round * 100 + 50, 50);
    const { resumed } = await lab.next("reconnected");
    assert.equal(resumed, true);
  }
  await lab.echo("last");
  const received = (await lab.all("message")).map(({ data }) => data);
  assert.deepEqual(received, [...Array.from({ length: 500 }, (_, at) => String(at)), "last"]);
  const numbers = (await lab.all("message")).map(({ number }) => number);
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at + 1),
  );
  assert.deepEqual(await lab.all("gap"), []);
  assert.deepEqual(await lab.all("dropped"), []);
});

test("what was acknowledged has resolved, and flush waits for the rest", chaos, async ({ page, server }) => {
  const lab = await openLab(page, "/ws", reliable);
  await page.evaluate(() => window.lab.client.deliver("stored"));
  await server.fault({ kind: "blackhole", direction: "both" });
  const flushed = page.evaluate(() => {
    window.lab.client.send("later");
    return window.lab.client.flush({ timeout: 500 });
  });
  await assert.rejects(flushed, { code: "TIMEOUT" }, "flushed within the black hole");
  await server.lift();
  await page.evaluate(() => window.lab.client.flush());
  await lab.next("message", { data: "later" });
});

test("a page that is loaded again finds its session", chaos, async ({ page }) => {
  const lab = await openLab(page, "/ws", reliable);
  await lab.echo("before");
  const before = await sessionOf(page);
  assert.equal(before.resumed, false);
  const again = await openLab(page, "/ws", reliable);
  assert.deepEqual(await sessionOf(page), { id: before.id, resumed: true });
  await again.echo("after");
});

test("a session that was closed is not found again", chaos, async ({ page }) => {
  const lab = await openLab(page, "/ws", reliable);
  const { id } = await sessionOf(page);
  await page.evaluate(() => window.lab.client.close());
  await lab.next("close");
  await openLab(page, "/ws", reliable);
  assert.notEqual((await sessionOf(page)).id, id);
});

test("a second tab gets a session of its own", chaos, async ({ page }) => {
  const lab = await openLab(page, "/ws", reliable);
  const first = await sessionOf(page);
  const tab = await page.newTab();
  await openLab(page, "/ws", reliable);
  const second = await sessionOf(page);
  assert.notEqual(second.id, first.id);
  await page.closeTab();
  await tab.show(tab.old);
  await lab.echo("still here");
});

test("a room's messages come to every session in one order", chaos, async ({ page }) => {
  await enterLab(page);
  const seen = await page.evaluate(async (options) => {
    const { Steadfast } = window.lab;
    const members = [0, 1, 2].map(() => new Steadfast("/hub/lobby", { ...options, session: { storage: "memory" } }));
    const received = members.map(() => []);
    const done = members.map(
      (member, at) =>
        new Promise((resolve) => {
          member.on("message", ({ data, stream, number }) => {
            received[at].push([stream, number, data]);
            if (received[at].length === 60) resolve();
          });
        }),
    );
    await Promise.all(members.map((member) => member.once("open")));
    for (let round = 0; round < 20; round += 1) {
      for (const [at, member] of members.entries()) member.send(`${at}-${round}`);
    }
    await Promise.all(done);
    for (const member of members) member.close();
    return received;
  }, quick);
  assert.deepEqual(seen[1], seen[0]);
  assert.deepEqual(seen[2], seen[0]);
  assert.deepEqual(new Set(seen[0].map(([stream]) => stream)), new Set(["lobby"]));
  assert.deepEqual(
    seen[0].map(([, number]) => number),
    seen[0].map((_, at) => at + 1),
  );
});

test("clients that a change of route makes and lets go of lose and double nothing", chaos, async ({ page, server }) => {
  const durable = { ...reliable, queue: { persist: "orders" } };
  const lab = await openLab(page, "/ws", durable);
  const { id } = await sessionOf(page);
  await sendNumbers(page, 0, 100);
  // Each client lives in one task but the last: as React's StrictMode mounts, unmounts and mounts.
  await server.fault({ kind: "cut" });
  await page.evaluate((options) => {
    const { lab } = window;
    for (let round = 1; round <= 3; round++) {
      lab.client.release();
      lab.client = new lab.Steadfast("/ws", options);
      for (let at = 0; at < 100; at++) lab.client.send(String(round * 100 + at));
    }
    lab.client.release();
    lab.open("/ws", options).send("last");
  }, durable);
  await lab.next("message", { data: "last" });
  assert.deepEqual(await sessionOf(page), { id, resumed: true });
  const received = (await lab.all("message")).map(({ data }) => Number(data)).slice(0, -1);
  const first = received[0];
  assert.ok(first <= 100, `the first is ${first}: only what the first client was given is missing`);
  assert.deepEqual(
    received,
    received.map((_, at) => first + at),
  );
  assert.equal(received.at(-1), 399);
});

function sendNumbers(page, from, count) {
  return page.evaluate(
    (from, count) => {
      for (let number = from; number < from + count; number += 1) window.lab.client.send(String(number));
    },
    from,
    count,
  );
}

function sessionOf(page) {
  return page.evaluate(() => window.lab.client.session);
}
