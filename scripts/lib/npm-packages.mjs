// The npm packages of package-lock.json, installed only when they are not there already.

import { existsSync, readFileSync } from "node:fs";
import { at } from "./paths.mjs";
import { CommandFailed, run } from "./process.mjs";
import { Stop, step } from "./report.mjs";

/** Installs exactly what the lockfile names. */
export async function ensureNpmPackages() {
  await step("npm packages from package-lock.json", async () => {
    if (installed()) return "already there";
    try {
      await run("npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"]);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      console.error(error.output ?? "");
      throw new Stop("the npm packages could not be installed: see npm's message above, then run `npm ci`.");
    }
  });
}

/** npm records what it installed in node_modules/.package-lock.json: compare, package by package. */
function installed() {
  const record = at("node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = packagesOf(at("package-lock.json"));
  const present = packagesOf(record);
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === "" || (entry.optional && !(name in present))) return true;
    return present[name]?.version === entry.version && existsSync(at(name));
  });
}

const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
