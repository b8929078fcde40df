import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSeed, firstSeedHere } from "../lib/fresh-seeds.mjs";
import { STEPS } from "../lib/test-steps.mjs";

test("the same commit on the same day has the same seeds, and no other has", () => {
  assert.equal(firstSeed("5552a72", "2026-11-30"), firstSeed("5552a72", "2026-11-30"));
  assert.notEqual(firstSeed("5552a72", "2026-11-30"), firstSeed("5552a72", "2026-12-01"));
  assert.notEqual(firstSeed("5552a72", "2026-11-30"), firstSeed("fbee688", "2026-11-30"));
});

test("fresh seeds are none that are always played, and the simulator takes them", () => {
  for (let day = 0; day < 1_000; day += 1) {
    const seed = firstSeed("", `${day}`);
    assert.ok(Number.isSafeInteger(seed) && seed >= 10_000_000, `${seed}`);
  }
});

test("npm test says which they are, and plays them", () => {
  const step = STEPS.find(({ name }) => name === "sim");
  const seed = `${firstSeedHere()}`;
  assert.ok(step.shows.includes(seed), step.shows);
  assert.ok(step.commands.some((command) => command.includes(seed)));
});
