// The three engines: how each is started, and where each one's console can be read.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consoleErrors } from "./bidi.mjs";
import { openDisplay } from "./display.mjs";
import { freePort, launch } from "./process.mjs";
import { newSession } from "./webdriver.mjs";

/** WebKitGTK's own small browser. */
export const MINIBROWSER = process.env.MINIBROWSER ?? "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";
/** Begins what FIREFOX names. */
const FIREFOX = fileURLToPath(new URL("./firefox.sh", import.meta.url));
const SIZE = { width: 1280, height: 900 };
const start = { chromium, firefox, webkit };

/** Names that `openBrowser` takes. */
export const engines = Object.keys(start);

/**
 * Starts an engine with a fresh profile. `session` of the result takes WebDriver commands; `pid` is its driver's,
 * and every process of the browser is below it;
 * `takeErrors()` resolves with the console errors its driver has seen since the last call, as text.
 * `prefs`: Firefox's preferences that are not its defaults.
 * The environment names other binaries than Debian's: CHROMIUM, FIREFOX, MINIBROWSER.
 */
export async function openBrowser(name, { headed = false, dark = false, prefs = {} } = {}) {
  const browser = await start[name](headed, dark, prefs);
  await browser.session.post("/timeouts", { script: 120_000, pageLoad: 60_000 });
  await browser.session.post("/window/rect", SIZE);
  return { name, ...browser };
}

async function chromium(headed, dark) {
  const profile = await mkdtemp(join(tmpdir(), "steadfast-chromium-"));
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--user-data-dir=${profile}`,
  ];
  if (!headed) args.push("--headless");
  if (dark) args.push("--force-dark-mode");
  const driver = await startDriver("chromedriver", (port) => [`--port=${port}`]);
  const browser = await openSession(driver, [profile], {
    browserName: "chrome",
    "goog:loggingPrefs": { browser: "ALL" },
    "goog:chromeOptions": { binary: process.env.CHROMIUM ?? "/usr/bin/chromium", args },
  });
  browser.takeErrors = async () => {
    const entries = await browser.session.post("/se/log", { type: "browser" });
    return entries.filter((entry) => entry.level === "SEVERE").map((entry) => entry.message);
  };
  return browser;
}

async function firefox(headed, dark, prefs) {
  const bidiPort = await freePort();
  const driver = await startDriver("geckodriver", (port) => [
    "--port",
    String(port),
    "--websocket-port",
    String(bidiPort),
  ]);
  const browser = await openSession(driver, [], {
    browserName: "firefox",
    webSocketUrl: true,
    "moz:firefoxOptions": {
      binary: FIREFOX,
      args: headed ? [] : ["-headless"],
      prefs: { ...prefs, ...(dark && { "ui.systemUsesDarkTheme": 1 }) },
    },
  });
  const errors = await consoleErrors(browser.session.capabilities.webSocketUrl);
  browser.takeErrors = async () => errors.splice(0);
  return browser;
}

async function webkit(headed, dark) {
  const display = headed ? null : await openDisplay();
  const driver = await startDriver(
    "WebKitWebDriver",
    (port) => [`--port=${port}`],
    display && { DISPLAY: display.name, GDK_BACKEND: "x11" },
  );
  const browser = await openSession(driver, [], {
    browserName: "MiniBrowser",
    "webkitgtk:browserOptions": {
      binary: MINIBROWSER,
      args: ["--automation", ...(dark ? ["--dark-mode"] : [])],
    },
  });
  const { close } = browser;
  browser.close = () => close().then(() => display?.close());
  browser.takeErrors = async () => []; // neither the driver nor an automated MiniBrowser shows them: pages/collect.js does
  return browser;
}

async function startDriver(command, args, env) {
  const port = await freePort();
  const program = await launch(command, args(port), { env });
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(`${endpoint}/status`, program);
  return { program, endpoint };
}

/** Drivers print no common "ready" line, so the one way to know is to ask. */
async function answering(url, program) {
  const deadline = Date.now() + 30_000;
  let ended = false;
  program.ended.then(() => (ended = true));
  while (!ended && Date.now() < deadline) {
    const up = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${program.name} does not answer at ${url}\n${program.tail}`);
}

async function openSession(driver, folders, capabilities) {
  const close = async (session) => {
    await session?.delete().catch(() => {}); // a crashed browser has no session to delete
    await driver.program.kill("SIGKILL");
    for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const session = await newSession(driver.endpoint, capabilities);
    return { session, pid: driver.program.pid, close: () => close(session) };
  } catch (error) {
    await close();
    throw error;
  }
}
