// Which days the simulator plays that it did not play for the last commit, or yesterday: what is fitted to the days that
// are always played is found by others.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { root } from "./paths.mjs";

/** The first of the seeds for a commit on a day: whoever tests the same on the same day plays the same. */
export function firstSeed(commit, day) {
  return FIXED + createHash("sha256").update(`${commit} ${day}`).digest().readUInt32BE();
}

/** The first for what is checked out here, today. Without git the day decides alone. */
export function firstSeedHere() {
  const { stdout } = spawnSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" });
  return firstSeed(stdout?.trim() ?? "", new Date().toISOString().slice(0, 10));
}

/** Below are seeds that are played every time. */
const FIXED = 10_000_000;
