import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./harness/browsers.mjs";
import { enterLab } from "./harness/lab.mjs";
import { Page } from "./harness/page.mjs";
import { bareEcho } from "./harness/peers.mjs";
import { launch } from "./harness/process.mjs";
import { lostConnection, test } from "./harness/test.mjs";

const chaos = { flags: ["--chaos", "--snapshot-every", "10ms"], expectedErrors: [lostConnection] };
const NOTE = "/?note=trip";
const LINES = Array.from({ length: 60 }, (_, at) => `line ${at + 1}`).join("\n");

test(
  "a note, its place and a message that waits come back in another tab, and in another browser",
  chaos,
  async ({ page, server, browser }) => {
    await openNote(page);
    await server.fault({ kind: "refuse" });
    await server.fault({ kind: "cut" });
    await write(page, LINES);
    await page.type("#note-draft", "see you at the station");
    await page.click("#note-composer button");
    await page.type("#note-draft", "not finished");

    const tab = await page.newTab();
    await tab.show(tab.old);
    await page.closeTab();
    await tab.show(tab.handle);
    await page.goto(NOTE);
    await server.lift();
    await page.until("the note", shows, ["#note-text", LINES]);
    const scrolled = await page.evaluate(() => document.querySelector("#note-text").scrollTop);
    assert.ok(scrolled > 300, `scrolled to ${scrolled}`);
    await page.until("the draft", shows, ["#note-draft", "not finished"]);
    await page.until("the message, delivered", isStored, ["see you at the station"]);
    await page.until("the note to be saved", () => /^Saved/.test(document.querySelector("#note-saved").textContent));

    await withDevice(browser, server, async (other) => {
      await other.goto(NOTE);
      await other.until("the note there", shows, ["#note-text", LINES]);
      assert.equal(await other.evaluate(() => document.querySelector("#note-text").scrollTop), scrolled);
      await other.until("the draft there", shows, ["#note-draft", "not finished"]);
      await other.until("the message there", isStored, ["see you at the station"]);
    });
  },
);

test(
  "what was written on a stale version is refused, and its writer told",
  chaos,
  async ({ page, server, browser }) => {
    await openNote(page);
    await write(page, "first");
    await saved(page);
    // That of the note, and that of the page around it.
    const own = await server.connections();
    const strike = (fault) => Promise.all(own.map(({ id }) => server.fault(fault, { target: { connection: id } })));
    await withDevice(browser, server, async (other) => {
      await other.goto(NOTE);
      await other.until("the first version", shows, ["#note-text", "first"]);
      await strike({ kind: "blackhole", direction: "both" });
      await write(page, "written without a connection");
      await write(other, "the newer one");
      await saved(other);
      await server.lift();
      await strike({ kind: "cut" });
      await page.until("the refusal", () => !document.querySelector("#note-trouble").hidden);
      assert.match(await page.text("#note-trouble-text"), /^Somebody else has saved version \d+/);

      await other.goto("about:blank");
      await other.goto(NOTE);
      await other.until("the newer one, still", shows, ["#note-text", "the newer one"]);
    });
    await page.reloadsAfter(() => page.click("#note-again"));
    await page.until("the newer one here", shows, ["#note-text", "the newer one"]);
  },
);

test("100 snapshots of a state of 100 kB cost less than 100 kB beyond the first", chaos, async ({ page }) => {
  await enterLab(page);
  const { first, rest } = await page.evaluate(measureSnapshots);
  console.log(`  100 snapshots: ${first} bytes for the first, ${rest} for the others together`);
  assert.ok(first > 100_000, `${first} bytes for the first`);
  assert.ok(rest < 100_000, `${rest} bytes for the others`);
});

const nothingYet = { expectedErrors: [/\/restore.* 404 /] };

test("without a session, any server that answers two requests keeps the state", nothingYet, async ({ page }) => {
  const echo = await bareEcho();
  const example = fileURLToPath(new URL("../../examples/snapshot-server.mjs", import.meta.url));
  const keeper = await launch(process.execPath, [example], { env: { PORT: "0" }, ready: /^listening on (\S+)/ });
  const endpoint = keeper.match[1];
  try {
    await enterLab(page);
    assert.deepEqual(await page.evaluate(workWithState, echo.url, endpoint), { restored: [], data: "not of use" });
    await page.evaluate(saveState, { count: 1 });
    await page.evaluate(saveState, { count: 2, more: "text" });
    await enterLab(page);
    assert.deepEqual(await page.evaluate(workWithState, echo.url, endpoint), {
      restored: [{ count: 2, more: "text" }],
      data: "not of use",
    });
  } finally {
    await page.evaluate(() => window.lab.client?.close());
    await keeper.kill();
    await echo.close();
  }
});

async function openNote(page) {
  await page.goto(NOTE);
  await saved(page);
}

/** The page has written what the note holds now to the server. */
function saved(page) {
  return page.until("the note to be saved", () => /^Saved/.test(document.querySelector("#note-saved").textContent));
}

/** Types `text` into the note, and scrolls to its end. */
function write(page, text) {
  return page.evaluate((text) => {
    const area = document.querySelector("#note-text");
    area.value = text;
    area.scrollTop = area.scrollHeight;
    document.querySelector("#note-saved").textContent = "";
  }, text);
}

/** Another browser, with a profile of its own. */
async function withDevice(browser, server, use) {
  const device = await openBrowser(browser.name);
  try {
    await use(new Page(device, server.origin));
  } finally {
    await device.close();
  }
}

// These run in the page.

function shows(selector, text) {
  const { value } = document.querySelector(selector);
  return value === text;
}

function isStored(text) {
  const rows = [...document.querySelectorAll("#note-messages li")];
  return rows.length === 1 && rows[0].textContent === `${text} stored by the server`;
}

/** Opens a plain client with a state; what was restored before the first message came, and that message. */
async function workWithState(url, endpoint) {
  window.state = {};
  window.restored = [];
  const snapshot = { endpoint, capture: () => window.state, restore: (state) => window.restored.push(state) };
  const client = window.lab.open(url, { snapshot });
  client.send("not of use");
  const { data } = await client.once("message");
  return { restored: window.restored, data };
}

function saveState(state) {
  window.state = state;
  return window.lab.client.snapshot();
}

/** Bytes given to the socket for the first snapshot, and for 100 more with one field changed each. */
async function measureSnapshots() {
  let bytes = 0;
  class Counting extends WebSocket {
    send(data) {
      bytes += new Blob([data]).size;
      super.send(data);
    }
  }
  const state = {
    fields: Array.from({ length: 2_500 }, (_, at) => ({ id: at, text: `a field of some length, number ${at}` })),
  };
  const client = await window.lab.connect("/ws", {
    webSocket: Counting,
    session: { storage: "memory" },
    snapshot: { capture: () => state, interval: 3_600_000 },
    heartbeat: false,
  });
  const cost = async () => {
    const before = bytes;
    await client.snapshot();
    return bytes - before;
  };
  const first = await cost();
  let rest = 0;
  for (let round = 0; round < 100; round += 1) {
    state.fields[(round * 379) % 2_500].text = `changed in round ${round}`;
    rest += await cost();
  }
  client.close();
  return { first, rest };
}
