import assert from "node:assert/strict";
import { lostConnection, test } from "./harness/test.mjs";

const chaos = { flags: ["--chaos"], expectedErrors: [lostConnection] };
const ENTER = "\uE007";
const TAB = "\uE004";

test("what is typed comes back, with the time it took", {}, async ({ page }) => {
  await openDemo(page);
  await page.type("#text", `good morning${ENTER}`);
  await page.until("the echo", shows, [".theirs .body", "good morning"]);
  assert.match(await page.text(".mine .fate"), /^back after [\d.]+ m?s$/);
  await page.until("the round trip", () => document.querySelector("#rtt").textContent.endsWith("ms"));
  assert.match(await page.text("#health"), /^\d+ healthy$/);
  for (const chart of ["#score-chart", "#rtt-chart"]) {
    await page.until(`a line in ${chart}`, drawsLine, [chart]);
  }
});

test("two tabs in one room read each other", {}, async ({ page }) => {
  await openDemo(page, "/#chat/lobby");
  await page.fill("#name", "Ada");
  const tab = await page.newTab();
  await openDemo(page, "/#chat/lobby");
  await page.fill("#name", "Grace");
  await page.type("#text", `hello from Grace${ENTER}`);
  await page.until("one's own message to be back", () => document.querySelector(".mine")?.dataset.state === "returned");
  assert.equal(await page.evaluate(() => document.querySelectorAll(".message").length), 1, "not shown twice");

  await tab.show(tab.old);
  await page.until("the other's message", shows, [".theirs .body", "hello from Grace"]);
  assert.equal(await page.text(".theirs .author"), "Grace");
  await page.type("#text", `hello from Ada${ENTER}`);
  await tab.show(tab.handle);
  await page.until("the answer", shows, [".theirs .body", "hello from Ada"]);
  await page.closeTab();
  await tab.show(tab.old);
});

test(
  "switching between echo and room opens another connection, and closes the one before",
  chaos,
  async ({ page, server }) => {
    await openDemo(page);
    await page.click("#mode label:last-child");
    await page.until("the room", shows, ["#address", "/hub/lobby"]);
    await connected(page);
    // After the session's last frame each side may close, and either may be the first.
    await server.logged("link closed (by the client|on request)");
    const endpoints = (await server.connections()).map((connection) => connection.endpoint);
    assert.deepEqual(endpoints, ["/hub/lobby"]);
  },
);

test("try now ends the wait, and close and open do what they say", chaos, async ({ page, server }) => {
  await openDemo(page);
  const { id } = await server.fault({ kind: "refuse" });
  await server.fault({ kind: "cut" });
  // A wait so long that it cannot end by itself before the click.
  await page.until("a long wait", () =>
    /Next try in ([3-9]|10) s/.test(document.querySelector("#banner-text").textContent),
  );
  await server.lift(id);
  await page.click("#try-now");
  await connected(page);
  await page.until("the banner to go", () => document.querySelector("#banner").hidden);
  assert.match(await page.text("#announcement"), /^Connected again after [\d.]+ (ms|s|min)\.$/);
  await page.click("#close");
  await page.until("the end", shows, ["#state-name", "Closed"]);
  await page.click("#close");
  await connected(page);
});

test("every fault button strikes, the page gets over it, and its counters agree", chaos, async ({ page, server }) => {
  await openDemo(page);
  await faultsOffered(page);
  await page.fill("#burst-size", "20");
  const labels = await page.evaluate(() =>
    [...document.querySelectorAll(".fault strong")].map((label) => label.textContent),
  );
  assert.ok(labels.length >= 14, labels.join());
  await page.evaluate(() => {
    document.querySelector("#chaos-duration").value = "";
  });
  for (const label of labels) {
    await settled(page, server);
    await page.evaluate(() => document.querySelector("#clear-log").click());
    // Not by the mouse: the banner that comes and goes moves the button.
    await page.evaluate(sendBurst);
    await page.evaluate(press, label);
    await page.evaluate(sendBurst);
    await page.until(`the log to tell of ${label}`, tellsOf, [label]);
    if (AT_ONCE.test(label)) await page.until("the disconnect", logs, ["disconnect"]);
    await page.evaluate(() => document.querySelector("#lift-all").click());
    await page.until("the lifting", tellsOf, ["lifted"]);
    await page.until("nothing to stand", () => document.querySelector("#standing").hidden);
  }
  await settled(page, server);
  const sent = String(40 * labels.length);
  await page.until("the counters to agree", countersAre, [{ sent, flight: "0", acknowledged: sent, handed: sent }]);
});

test("without a session the same page talks to any server", {}, async ({ page }) => {
  await openDemo(page);
  await page.click("#reliable");
  await connected(page);
  await page.type("#text", `plain${ENTER}`);
  await page.until("the echo", shows, [".theirs .body", "plain"]);
  assert.equal(await page.evaluate(() => document.querySelector("#counters").checkVisibility()), false);
});

test("a connection that was given up starts again from the banner", chaos, async ({ page, server }) => {
  await openDemo(page);
  await server.fault({ kind: "close", code: 1008, reason: "not you" });
  await page.until("the end", shows, ["#state-name", "Given up"]);
  assert.equal(await page.text("#banner-text"), "The connection was given up.");
  const failures = await page.evaluate(
    () => document.querySelectorAll("#log :is([data-kind=failed], [data-kind=error])").length,
  );
  assert.equal(failures, 1, "told once");
  await page.click("#try-now");
  await connected(page);
  await page.until("the banner to go", () => document.querySelector("#banner").hidden);
});

test("a fault for this connection leaves the other tab alone", chaos, async ({ page, server }) => {
  await openDemo(page, "/#chat/lobby");
  const tab = await page.newTab();
  await openDemo(page, "/#chat/lobby");
  await faultsOffered(page);
  const [first] = await server.connections();
  await page.evaluate(press, "Cut");
  await page.until("the disconnect", logs, ["disconnect"]);
  await connected(page);
  await page.until("the log to tell of it", shows, ["#log [data-kind=fault] .log-text", "Cut: 1 hit"]);
  assert.ok((await server.connections()).some((connection) => connection.id === first.id));
  await page.closeTab();
  await tab.show(tab.old);
  assert.equal(await page.evaluate(logs, ["disconnect"]), null);
});

test("the log names the request id under which the server logs the link", {}, async ({ page, server }) => {
  await openDemo(page);
  const { requestId } = await server.logged("link opened");
  assert.equal(await page.text("#log [data-kind=open] .log-id"), requestId);
});

test("a server without --chaos gets a note in the place of the buttons", {}, async ({ page }) => {
  await openDemo(page);
  await page.until("the note", () => document.querySelector("#chaos-note").checkVisibility());
  assert.match(await page.text("#chaos-note"), /--chaos/);
  assert.equal(await page.evaluate(() => document.querySelector("#chaos-form").checkVisibility()), false);
});

test("the keyboard reaches everything, in the order of the page, and the focus shows", chaos, async ({ page }) => {
  await openDemo(page);
  await faultsOffered(page);
  const wanted = await page.evaluate(() => {
    const controls = document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']");
    const reachable = [...controls].filter((control) => control.checkVisibility() && !control.disabled);
    return reachable.filter((control) => control.type !== "radio" || control.checked).map(nameOf);
    function nameOf(control) {
      return control.id || control.textContent.trim() || control.value;
    }
  });
  await page.evaluate(() => document.querySelector(".skip").focus());
  const reached = [];
  for (let step = 0; step < wanted.length; step += 1) {
    const { name, marked } = await page.evaluate(focused);
    assert.ok(marked, `the focus does not show on ${name}`);
    reached.push(name);
    await page.press(TAB);
  }
  assert.deepEqual(reached, wanted);
});

test("nothing is cut off on a phone", chaos, async ({ page, browser }) => {
  const { width, height } = await browser.session.get("/window/rect");
  try {
    await page.resize(360, 740);
    await openDemo(page, "/#chat/lobby");
    await faultsOffered(page);
    const overflow = await page.evaluate(() => {
      document.body.style.maxWidth = "360px"; // narrower than some browsers let their windows be
      const edge = document.body.getBoundingClientRect().right;
      return [...document.body.querySelectorAll("*")]
        .filter((element) => element.checkVisibility() && !element.matches(".visually-hidden, .skip"))
        .filter((element) => element.getBoundingClientRect().right > edge + 1)
        .map((element) => element.outerHTML.slice(0, 80));
    });
    assert.deepEqual(overflow, []);
  } finally {
    await page.resize(width, height);
  }
});

test("text stands out from what it stands on, in light and in dark", {}, async ({ page }) => {
  await openDemo(page);
  const schemes = await page.evaluate(readSchemes);
  assert.equal(schemes.length, 2);
  for (const colours of schemes) {
    for (const [text, ground] of PAIRS) {
      const contrast = contrastOf(colours[text], colours[ground]);
      assert.ok(
        contrast >= 4.5,
        `${text} on ${ground}: ${contrast.toFixed(2)} (${colours[text]} on ${colours[ground]})`,
      );
    }
  }
});

/** Faults that end a link, and those that the page meets by reconnecting. */
const AT_ONCE = /^(Close|Cut|Reset|Refuse|Accept|Late)/;

/** What is read, and on what. */
const PAIRS = [
  ["--text", "--page"],
  ["--text", "--card"],
  ["--text", "--field"],
  ["--text", "--accent-soft"],
  ["--text", "--warn-soft"],
  ["--text", "--bad-soft"],
  ["--quiet", "--page"],
  ["--quiet", "--card"],
  ["--quiet", "--accent-soft"],
  ["--accent", "--card"],
  ["--accent-text", "--accent"],
  ["--good", "--card"],
  ["--warn", "--card"],
  ["--warn", "--accent-soft"],
  ["--bad", "--card"],
  ["--bad", "--accent-soft"],
];

async function openDemo(page, path = "/") {
  await page.goto(path);
  await connected(page);
}

function connected(page) {
  return page.until("the connection", () => document.querySelector("#state").dataset.state === "open");
}

function faultsOffered(page) {
  return page.until("the fault buttons", () => document.querySelector(".fault").checkVisibility());
}

/** Waits until the link that the page takes for open is one that the server has open. */
async function settled(page, server) {
  let id = "";
  let open = [];
  do {
    await page.evaluate(() => document.querySelector("#banner").hidden || document.querySelector("#try-now").click());
    id = await page.until("another link", openLink, [id]);
    open = await server.connections();
  } while (!open.some((connection) => connection.requestId === id));
}

// WCAG's contrast between two colours in #rrggbb.
function contrastOf(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.match(/[0-9a-f]{2}/gi).map((part) => {
    const share = Number.parseInt(part, 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

// These run in the page.

function shows(selector, text) {
  return document.querySelector(selector)?.textContent === text;
}

/** Whether the chart's right half has a pixel of the accent colour. */
function drawsLine(selector) {
  const canvas = document.querySelector(selector);
  const wanted = getComputedStyle(canvas)
    .getPropertyValue("--accent")
    .match(/[0-9a-f]{2}/gi);
  const half = Math.floor(canvas.width / 2);
  const { data } = canvas.getContext("2d").getImageData(half, 0, canvas.width - half, canvas.height);
  const near = (at) => wanted.every((part, band) => Math.abs(data[at + band] - Number.parseInt(part, 16)) < 12);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 200 && near(at)) return true;
  }
  return false;
}

function logs(event) {
  return document.querySelector(`#log [data-kind=${event}]`);
}

function countersAre(wanted) {
  return Object.entries(wanted).every(([name, text]) => document.querySelector(`#count-${name}`).textContent === text);
}

function sendBurst() {
  document.querySelector("#burst").requestSubmit();
}

/** The id of the link that is open, if it is not `old`. The newest line of the log always has the link's at hand. */
function openLink(old) {
  const id = document.querySelector("#log .log-id").textContent;
  return document.querySelector("#state").dataset.state === "open" && id !== old && id;
}

function press(label) {
  const labels = [...document.querySelectorAll(".fault strong")];
  labels
    .find((element) => element.textContent === label)
    .closest("button")
    .click();
}

function tellsOf(label) {
  const told = [...document.querySelectorAll("#log [data-kind=fault] .log-text")];
  return told.some((element) => element.textContent.startsWith(`${label}: `));
}

function focused() {
  const control = document.activeElement;
  const drawn = control.type === "radio" ? control.nextElementSibling : control;
  const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
  const name = control.id || control.textContent.trim() || control.value;
  return { name, marked: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 };
}

/** The colours of the style sheet: those of light, and of dark. */
function readSchemes() {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const roots = rules.flatMap((rule) => {
    if (rule.selectorText === ":root") return [rule];
    if (!rule.media?.mediaText.includes("dark")) return [];
    return [...rule.cssRules].filter((inner) => inner.selectorText === ":root");
  });
  return roots.map(({ style }) =>
    Object.fromEntries(
      [...style]
        .filter((name) => name.startsWith("--"))
        .map((name) => {
          const value = style.getPropertyValue(name).trim();
          return [name, value.length === 4 ? value.replace(/[0-9a-f]/gi, "$&$&") : value];
        }),
    ),
  );
}
