// The demo by webpack, and the dev server by cargo.

import path from "node:path";
import { makeIfChanged } from "./fingerprint.mjs";
import { at, distDir } from "./paths.mjs";
import { run } from "./process.mjs";
import { step } from "./report.mjs";

/** Builds www/ into www/dist unless nothing has changed. */
export async function ensureDemo() {
  await step("the demo in www/dist (webpack)", async () => {
    const inputs = [at("www/src"), at("www/index.html"), distDir, at("webpack.config.js"), at("package-lock.json")];
    const outputs = [at("www/dist/index.html")];
    const made = await makeIfChanged("demo", { inputs, outputs }, async () => {
      const webpack = at("node_modules/webpack/bin/webpack.js");
      const printed = await run(process.execPath, [webpack, "--mode", "production"]);
      if (/\bwarning/i.test(printed)) console.log(printed);
    });
    return made ? undefined : "nothing has changed";
  });
}

/** Builds the dev server; cargo itself knows when there is nothing to do. */
export async function ensureServer() {
  await step("the dev server (cargo, release)", () =>
    run("cargo", ["build", "--release", "-p", "steadfast-server"], { show: true }).then(() => {}),
  );
}

/** The folder that the dev server serves. */
export const demoDir = path.join(at("www"), "dist");
