import assert from "node:assert/strict";
import { enterLab, openLab, quick } from "./harness/lab.mjs";
import { lostConnection, test } from "./harness/test.mjs";

const chaos = { flags: ["--chaos"], expectedErrors: [lostConnection] };

/** Firefox decides before `pagehide`, and keeps no page that has a socket open then. */
const keepsPages = { ...chaos, engines: ["chromium", "webkit"] };

test(
  "a page that is left closes its link at once, and has it again when it comes out of the cache",
  keepsPages,
  async ({ page, server }) => {
    const lab = await openLab(page, "/ws", quick);
    await lab.echo("before");
    await page.evaluate(() => {
      window.cameBack = new Promise((resolve) => addEventListener("pageshow", ({ persisted }) => resolve(persisted)));
    });
    await page.goto("/pages/raw.html");
    const { code } = await server.logged("link closed by the client");
    assert.equal(code, 4000, "suspended, not ended");
    assert.deepEqual(await server.connections(), []);

    await page.back();
    assert.equal(await page.evaluate(() => window.cameBack), true, "the page was kept");
    await lab.next("reconnected");
    await lab.echo("after");
  },
);

test("pagehide closes the socket in the same task, and pageshow opens another", chaos, async ({ page, server }) => {
  const lab = await enterLab(page);
  const sockets = await page.evaluate((options) => {
    const made = [];
    class Watched extends WebSocket {
      constructor(...args) {
        super(...args);
        made.push(this);
      }
    }
    window.lab.open("/ws", { ...options, webSocket: Watched });
    return window.lab.trace.next("open").then(() => {
      dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      return made.map((socket) => socket.readyState);
    });
  }, quick);
  assert.deepEqual(sockets, [2], "one socket, and it is closing");
  await server.logged("link closed by the client");
  await lab.send("written while hidden");
  await page.evaluate(() => void dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await lab.next("reconnected");
  await lab.next("message", { data: "written while hidden" });
});
