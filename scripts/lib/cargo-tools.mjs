// Programs that cargo builds: taken from PATH when the version fits, else built once into .tools/bin.

import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { at, findProgram, toolsDir } from "./paths.mjs";
import { ask, CommandFailed, run } from "./process.mjs";
import { Stop, step } from "./report.mjs";

/** The wasm-bindgen program and its test runner, at exactly the version of the crate in Cargo.lock. */
export const ensureWasmBindgen = () =>
  ensureCargoTool("wasm-bindgen", "wasm-bindgen-cli", lockedVersion("wasm-bindgen"));

/** wasm-pack, which runs the tests in Node and in browsers. */
export const ensureWasmPack = () => ensureCargoTool("wasm-pack", "wasm-pack", "0.15.1", { newerFits: true });

/** geckodriver, which drives Firefox. */
export const ensureGeckodriver = () => ensureCargoTool("geckodriver", "geckodriver", "0.37.1", { newerFits: true });

/** cargo-deny, which checks licences and sources of the Rust dependencies. */
export const ensureCargoDeny = () => ensureCargoTool("cargo-deny", "cargo-deny", "0.20.2", { newerFits: true });

/** The version of a crate in Cargo.lock. */
export function lockedVersion(crate) {
  const lock = readFileSync(at("Cargo.lock"), "utf8");
  const found = new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`).exec(lock);
  if (!found) throw new Stop(`Cargo.lock has no ${crate}; run \`cargo generate-lockfile\`.`);
  return found[1];
}

async function ensureCargoTool(program, crate, version, { newerFits = false } = {}) {
  await step(`${program} ${version}`, async () => {
    const present = await installedVersion(program);
    if (present === version || (newerFits && present !== null && isNewer(present, version)))
      return `already there: ${present}`;
    console.log("  building it: this takes a few minutes, once");
    await build(crate, version);
    const built = await installedVersion(program);
    if (built !== version)
      throw new Stop(
        `${program} was built but reports version ${built}; run \`cargo install ${crate} --version ${version}\`.`,
      );
  });
}

async function installedVersion(program) {
  const file = findProgram(program);
  const said = file && (await ask(file, ["--version"]));
  return /\d+\.\d+\.\d+/.exec(said ?? "")?.[0] ?? null;
}

function isNewer(present, wanted) {
  const [a, b] = [present, wanted].map((version) => version.split(".").map(Number));
  const differs = a.findIndex((part, index) => part !== b[index]);
  return differs < 0 || a[differs] > b[differs];
}

/** One target folder for all tools, so that they share the dependencies they have in common. */
async function build(crate, version) {
  const args = ["install", crate, "--version", version, "--root", toolsDir];
  // They run for a second at a time: a quick build is worth more than a quick tool.
  const env = {
    CARGO_TARGET_DIR: path.join(toolsDir, "target"),
    CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
    CARGO_PROFILE_RELEASE_LTO: "off",
  };
  const options = { cwd: toolsDir, show: true, env };
  mkdirSync(toolsDir, { recursive: true });
  try {
    await run("cargo", [...args, "--locked"], options);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    // Some releases carry a lockfile that no longer builds; without it cargo picks newer dependencies.
    await run("cargo", args, options).catch((again) => {
      throw new Stop(`${again.message}; run \`cargo install ${crate} --version ${version}\`.`);
    });
  }
}
