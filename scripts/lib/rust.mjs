// The Rust toolchain: rustup's stable, with what the build and the checks need of it.

import { findProgram } from "./paths.mjs";
import { ask, CommandFailed, run } from "./process.mjs";
import { Stop, step } from "./report.mjs";

/** Checks for cargo, a C compiler (build scripts and the linker need one) and Node's version. */
export async function ensureBasics() {
  await step("Rust, a C compiler and Node", async () => {
    if (Number(process.versions.node.split(".")[0]) < 20) {
      throw new Stop(
        `Node ${process.versions.node} is too old: install Node 20 or later, for example by \`nvm install 20\`.`,
      );
    }
    if (!findProgram("rustup") || !findProgram("cargo")) {
      throw new Stop("rustup is missing: run `curl https://sh.rustup.rs -sSf | sh` and open a new terminal.");
    }
    if (!findProgram("cc")) throw new Stop("a C compiler is missing: run `sudo apt-get install gcc libc6-dev`.");
    const version = (await ask("rustc", ["--version"])) ?? (await installStable());
    return `${version}, Node ${process.versions.node}`;
  });
}

/** Adds components of the toolchain, rustfmt say. */
export async function ensureComponents(...names) {
  await step(`Rust's ${names.join(" and ")}`, async () => {
    const working = await Promise.all(
      names.map((name) => ask("cargo", [name === "rustfmt" ? "fmt" : name, "--version"])),
    );
    if (working.every((version) => version !== null)) return "already there";
    await run("rustup", ["component", "add", ...names]).catch(() => {
      throw new Stop(`rustup could not add ${names.join(" and ")}; run \`rustup component add ${names.join(" ")}\`.`);
    });
  });
}

async function installStable() {
  try {
    await run("rustup", ["toolchain", "install", "stable", "--profile", "minimal"]);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Stop("rustup has no stable toolchain and could not install it; run `rustup toolchain install stable`.");
  }
  return ask("rustc", ["--version"]);
}
