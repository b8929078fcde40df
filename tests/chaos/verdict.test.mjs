import assert from "node:assert/strict";
import { test } from "node:test";
import { planFaults } from "./plan.mjs";
import { isClean, judge } from "./verdict.mjs";

const record = (number, key, session = "s") => [session, "", number, key, true];
const clean = [record(1, 0), record(2, 1), record(3, 2)];

test("a whole record is clean", () => {
  assert.ok(isClean(judge(clean, 3)));
});

test("a message that was never answered is lost upward, unless it was reported", () => {
  assert.deepEqual(judge(clean, 4).up, { lost: 1, duplicated: 0, reordered: 0, unexpected: 0 });
  assert.ok(isClean(judge(clean, 4, [3])));
});

test("a message that was answered twice is duplicated upward", () => {
  assert.equal(judge([...clean, record(4, 2)], 3).up.duplicated, 1);
});

test("answers out of order are reordered upward", () => {
  assert.equal(judge([record(1, 1), record(2, 0)], 2).up.reordered, 1);
});

test("a number that is missing is lost downward", () => {
  assert.deepEqual(judge([record(1, 0), record(3, 1)], 2).down, { lost: 1, duplicated: 0, reordered: 0, damaged: 0 });
});

test("a number that came twice is duplicated downward, not upward", () => {
  const { up, down } = judge([...clean, record(3, 2)], 3);
  assert.deepEqual([up.duplicated, down.duplicated], [0, 1]);
});

test("numbers out of order are reordered downward, not upward", () => {
  const { up, down } = judge([record(2, 1), record(1, 0), record(3, 2)], 3);
  assert.deepEqual([up.reordered, down.reordered], [0, 1]);
});

test("each session has numbers of its own", () => {
  assert.ok(isClean(judge([record(1, 0), record(1, 1, "t")], 2)));
});

test("a changed payload is damaged", () => {
  assert.equal(judge([["s", "", 1, 0, false]], 1).down.damaged, 1);
});

test("a plan follows from its seed and holds every kind of fault", () => {
  assert.deepEqual(planFaults(7, 50), planFaults(7, 50));
  assert.notDeepEqual(planFaults(7, 50), planFaults(8, 50));
  const kinds = new Set(planFaults(1, 500).map(({ name }) => name));
  assert.equal(kinds.size, 10);
});
