// Packages of the system, on Debian and Ubuntu: installed only when something is missing.

import { findProgram } from "./paths.mjs";
import { ask, CommandFailed, run } from "./process.mjs";
import { Stop, step } from "./report.mjs";

/**
 * Installs packages unless every program is there. `what` names them for people;
 * each entry of `programs` lists the names that one program goes by, any of which will do.
 */
export async function ensurePrograms(what, programs, packages) {
  await step(what, async () => {
    const missing = () => programs.find((names) => !names.some(findProgram));
    if (!missing()) return "already there";
    await install(what, packages);
    if (missing())
      throw new Stop(
        `${missing()[0]} is still not on PATH; run \`sudo apt-get install --reinstall ${packages.join(" ")}\`.`,
      );
    return undefined;
  });
}

async function install(what, packages) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  const prefix = await rootPrefix();
  if (prefix === null)
    throw new Stop(`${what}: missing, and this user cannot install packages; run \`sudo ${command}\`.`);
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
