// A compiler for wasm32 made of the distribution's packages, for machines where rustup cannot fetch its own.
//
// The packages are unpacked into .tools/, not installed: no root is needed, and they cannot push out the
// system's own rustc or rustup. Debian ships no standard library for wasm32, so it is compiled here, once.

import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findProgram, toolsDir } from "./paths.mjs";
import { ask, CommandFailed, run } from "./process.mjs";
import { Stop } from "./report.mjs";

const TARGET = "wasm32-unknown-unknown";
const PACKAGES = ["rustc-web", "rust-web-src", "rust-web-clippy", "lld-22"];

const home = path.join(toolsDir, "distribution");
const sysroot = path.join(home, "root/usr");
const finished = path.join(home, "finished");

/** Whether the toolchain has been made. */
export const distributionReady = () => existsSync(finished);

/**
 * What cargo and wasm-pack need in their environment: rustup takes a toolchain by its path, so none has to be registered.
 * The target folder is its own: two compilers never share one.
 */
export const distributionEnv = () => ({ RUSTUP_TOOLCHAIN: sysroot, CARGO_TARGET_DIR: path.join(home, "target") });

/** Makes the toolchain. Resolves to false when it was there already. */
export async function makeDistributionToolchain() {
  if (distributionReady()) return false;
  if (!findProgram("apt-get") || !findProgram("dpkg-deb")) {
    throw new Stop(
      `rustup cannot fetch the wasm32 standard library and this is no Debian or Ubuntu; run \`rustup target add ${TARGET}\`.`,
    );
  }
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  try {
    await unpack(await closure());
    await compileStandardLibrary();
    await linkPrograms();
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    console.error(error.output ?? "");
    throw new Stop(
      `the distribution's compiler could not be set up, see above; run \`rustup target add ${TARGET}\` or \`sudo apt-get update\`.`,
    );
  }
  writeFileSync(finished, "");
  return true;
}

/** The packages, and those of their dependencies that the system lacks; nothing is installed. */
async function closure() {
  const simulate = ["install", "--simulate", "--no-install-recommends", ...PACKAGES];
  const plan = (await ask("apt-get", simulate)) ?? (await updatedPlan(simulate));
  const missing = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]);
  const standardLibrary = await run("apt-cache", ["depends", "--important", "libstd-rust-web-dev"]);
  const versioned = [...standardLibrary.matchAll(/Depends: (libstd-rust-web-[\d.]+)/g)].map((match) => match[1]);
  return [...new Set([...PACKAGES, "libstd-rust-web-dev", ...versioned, "libllvm22", ...missing])];
}

async function updatedPlan(simulate) {
  const prefix = process.getuid() === 0 ? [] : ["sudo", "-n"];
  const [program, ...rest] = [...prefix, "apt-get", "update"];
  await run(program, rest).catch(() => {
    throw new Stop(`${PACKAGES.join(", ")} are not known to apt; run \`sudo apt-get update\`.`);
  });
  return run("apt-get", simulate);
}

async function unpack(packages) {
  console.log(`  unpacking ${packages.join(", ")}`);
  const downloads = path.join(home, "packages");
  mkdirSync(downloads);
  await run("apt-get", ["download", ...packages], { cwd: downloads });
  for (const file of readdirSync(downloads)) {
    await run("dpkg-deb", ["-x", path.join(downloads, file), path.join(home, "root")]);
  }
  rmSync(downloads, { recursive: true });
  linkLibraries();
}

/** rustup looks for shared libraries in the toolchain's lib folder, Debian keeps them one level below. */
function linkLibraries() {
  const lib = path.join(sysroot, "lib");
  const triplet = readdirSync(lib).find((name) => name.endsWith("-linux-gnu")) ?? "x86_64-linux-gnu";
  for (const name of readdirSync(path.join(lib, triplet))) {
    if (name.includes(".so")) symlinkSync(path.join(triplet, name), path.join(lib, name));
  }
}

async function compileStandardLibrary() {
  console.log("  compiling the standard library");
  const empty = path.join(home, "empty");
  mkdirSync(path.join(empty, "src"), { recursive: true });
  writeFileSync(
    path.join(empty, "Cargo.toml"),
    '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n',
  );
  writeFileSync(path.join(empty, "src/lib.rs"), "#![no_std]\n");
  await run("cargo", ["build", "-Zbuild-std=std,panic_abort,proc_macro,test", "--target", TARGET, "--release"], {
    cwd: empty,
    show: true,
    env: {
      RUSTC: path.join(sysroot, "bin/rustc"),
      RUSTC_BOOTSTRAP: "1",
      RUSTFLAGS: "-Cembed-bitcode=yes", // without bitcode fat LTO fails
      CARGO_TARGET_DIR: path.join(empty, "target"),
      LD_LIBRARY_PATH: path.join(sysroot, "lib"),
    },
  });
  const into = path.join(sysroot, "lib/rustlib", TARGET, "lib");
  mkdirSync(into, { recursive: true });
  const built = path.join(empty, "target", TARGET, "release/deps");
  for (const name of readdirSync(built)) {
    if (name.endsWith(".rlib")) copyFileSync(path.join(built, name), path.join(into, name));
  }
  rmSync(empty, { recursive: true });
  rmSync(path.join(sysroot, "src"), { recursive: true });
}

/** rustc looks for its linker under the name rust-lld; cargo comes from rustup's stable toolchain. */
async function linkPrograms() {
  symlinkSync(await run("rustup", ["which", "cargo"]).then((text) => text.trim()), path.join(sysroot, "bin/cargo"));
  const host = /host: (\S+)/.exec(await run("rustc", ["-vV"]))[1];
  const bin = path.join(sysroot, "lib/rustlib", host, "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(path.join(sysroot, "lib/llvm-22/bin/wasm-ld"), path.join(bin, "rust-lld"));
}
