// `npm run format`: formats Rust and JavaScript, and applies the lints' safe corrections.

import { run } from "./lib/process.mjs";
import { main } from "./lib/report.mjs";
import { setUp } from "./lib/setup.mjs";

await main(async () => {
  await setUp(["components", "npm"]);
  await run("cargo", ["fmt", "--all"], { show: true });
  await run(process.execPath, ["node_modules/@biomejs/biome/bin/biome", "check", "--write"], { show: true });
});
