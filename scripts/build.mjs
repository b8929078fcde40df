// `npm run build`: makes dist/, the published package.

import { ensureWasmBindgen } from "./lib/cargo-tools.mjs";
import { ensureNpmPackages } from "./lib/npm-packages.mjs";
import { ensurePackage } from "./lib/package-build.mjs";
import { main } from "./lib/report.mjs";
import { ensureBasics } from "./lib/rust.mjs";
import { ensureWasmTarget } from "./lib/wasm-target.mjs";

await main(async () => {
  await ensureBasics();
  const wasmEnv = await ensureWasmTarget();
  await ensureWasmBindgen();
  await ensureNpmPackages();
  await ensurePackage(wasmEnv);
});
