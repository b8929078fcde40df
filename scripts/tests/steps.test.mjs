import assert from "node:assert/strict";
import { test } from "node:test";
import { STEPS, selectSteps } from "../lib/test-steps.mjs";

const steps = [
  { name: "clippy" },
  { name: "clippy-wasm" },
  { name: "e2e-chromium" },
  { name: "e2e-webkit", slow: true },
];
const namesOf = (selection) => selection.selected.map(({ name }) => name);

test("without names every step is selected", () => {
  assert.deepEqual(namesOf(selectSteps(steps)), ["clippy", "clippy-wasm", "e2e-chromium", "e2e-webkit"]);
});

test("a name selects the step and those that begin with it and a dash", () => {
  assert.deepEqual(namesOf(selectSteps(steps, { names: ["clippy"] })), ["clippy", "clippy-wasm"]);
  assert.deepEqual(namesOf(selectSteps(steps, { names: ["e2e", "clippy-wasm"] })), [
    "clippy-wasm",
    "e2e-chromium",
    "e2e-webkit",
  ]);
});

test("quick leaves out the slow steps", () => {
  assert.deepEqual(namesOf(selectSteps(steps, { quick: true, names: ["e2e"] })), ["e2e-chromium"]);
});

test("a name that fits no step is reported", () => {
  assert.deepEqual(selectSteps(steps, { names: ["clip", "e2e"] }).unknown, ["clip"]);
});

test("every step has a name of its own and something to run", () => {
  assert.equal(new Set(STEPS.map(({ name }) => name)).size, STEPS.length);
  for (const step of STEPS) {
    assert.ok(step.commands.length > 0, step.name);
    for (const command of step.commands) assert.notEqual(command.at(-1), "--test", `${step.name} has no test file`);
  }
});
