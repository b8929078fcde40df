// `npm run chaos`: builds what is missing, then plays tests/chaos/run.mjs, whose options it takes.

import { spawnSync } from "node:child_process";
import { at } from "./lib/paths.mjs";
import { main, quietlyIf } from "./lib/report.mjs";
import { setUp } from "./lib/setup.mjs";

await main(async () => {
  const args = process.argv.slice(2);
  const named = args.indexOf("--browser");
  const browser = named < 0 ? "chromium" : args[named + 1];
  const known = ["chromium", "firefox", "webkit"].includes(browser);
  await quietlyIf(args.includes("--json"), () => setUp(["package", "server", ...(known ? [browser] : [])]));
  return spawnSync(process.execPath, [at("tests/chaos/run.mjs"), ...args], { stdio: "inherit" }).status ?? 1;
});
