// Packages of the system, on Debian and Ubuntu: installed only when something is missing.

import { ask, CommandFailed, run } from "./process.mjs";
import { findProgram } from "./paths.mjs";
import { Stop, step } from "./report.mjs";

/** Installs packages unless every one of `programs` is there. `what` names them for people. */
export async function ensurePrograms(what, programs, packages) {
  await step(what, async () => {
    if (programs.every(findProgram)) return "already there";
    await install(what, packages);
    const missing = programs.filter((program) => !findProgram(program));
    if (missing.length > 0) throw new Stop(`${what}: ${missing.join(", ")} is still not on PATH after installing ${packages.join(" ")}.`);
  });
}

async function install(what, packages) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  const prefix = await rootPrefix();
  if (prefix === null) throw new Stop(`${what}: missing, and this user cannot install packages; run \`sudo ${command}\`.`);
  const aptGet = (...args) => {
    const [program, ...rest] = [...prefix, "apt-get", ...args];
    return run(program, rest, { env: { DEBIAN_FRONTEND: "noninteractive" } });
  };
  try {
    await aptGet("update");
    await aptGet("install", "-y", "--no-install-recommends", "--no-remove", ...packages);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    console.error(error.output ?? "");
    throw new Stop(`${what}: apt-get failed, see above; run \`sudo ${command}\`.`);
  }
}

/** What has to stand before apt-get: nothing for root, sudo where it asks for no password; null where neither works. */
async function rootPrefix() {
  if (!findProgram("apt-get")) return null;
  if (process.getuid() === 0) return [];
  return (await ask("sudo", ["-n", "true"])) === null ? null : ["sudo", "-n"];
}
