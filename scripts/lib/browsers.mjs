// The browsers that the tests drive, with their drivers.

import { readFileSync } from "node:fs";
import { ensureGeckodriver } from "./cargo-tools.mjs";
import { ensurePrograms } from "./system-packages.mjs";

/** Chromium and chromedriver. */
export const ensureChromium = () =>
  ensurePrograms(
    "Chromium and its driver",
    [["chromium", "chromium-browser", "google-chrome"], ["chromedriver"]],
    onUbuntu() ? ["chromium-browser", "chromium-chromedriver"] : ["chromium", "chromium-driver"],
  );

/** Firefox and geckodriver. */
export async function ensureFirefox() {
  await ensurePrograms("Firefox", [["firefox", "firefox-esr"]], onUbuntu() ? ["firefox"] : ["firefox-esr"]);
  await ensureGeckodriver();
}

/** WebKitGTK's driver, and a display that needs no screen: its MiniBrowser has no headless mode. */
export const ensureWebKit = () =>
  ensurePrograms("WebKitGTK, its driver and Xvfb", [["WebKitWebDriver"], ["Xvfb"]], ["webkit2gtk-driver", "xvfb"]);

function onUbuntu() {
  try {
    return /^ID=ubuntu$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}
