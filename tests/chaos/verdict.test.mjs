import assert from "node:assert/strict";
import { test } from "node:test";
import { planDeaths, planFaults } from "./plan.mjs";
import { isClean, judge, judgeDeaths } from "./verdict.mjs";

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

const truth = new Map([10, 11, 12].map((key, at) => [at + 1, key]));
const accepted = new Map([
  [10, 0],
  [11, 1],
  [12, 1],
]);
const whole = { first: 1, keys: [10, 11, 12] };

test("deaths: everything handed over once, and true folds, are clean", () => {
  const folds = [whole, { first: 2, keys: [11, 12] }];
  const verdict = judgeDeaths({ truth, accepted, folds });
  assert.deepEqual(verdict.folds, { compared: 2, wrong: 0 });
  assert.ok(isClean({ up: verdict.up }));
});

test("deaths: what was accepted and never handed over is lost, unless it was reported", () => {
  const more = new Map([...accepted, [13, 1]]);
  assert.equal(judgeDeaths({ truth, accepted: more, folds: [] }).up.lost, 1);
  assert.equal(judgeDeaths({ truth, accepted: more, reported: [13], folds: [] }).up.lost, 0);
});

test("deaths: twice, out of order within a life, and from nowhere are told apart", () => {
  const up = (keys) => judgeDeaths({ truth: new Map(keys.map((key, at) => [at + 1, key])), accepted, folds: [] }).up;
  assert.equal(up([10, 11, 11, 12]).duplicated, 1);
  assert.equal(up([10, 12, 11]).reordered, 1);
  assert.equal(up([11, 10, 12]).reordered, 0);
  assert.equal(up([10, 11, 12, 99]).unexpected, 1);
});

test("deaths: a fold with another message, one too many or a hole is wrong", () => {
  const wrong = (fold) => judgeDeaths({ truth, accepted, folds: [fold] }).folds.wrong;
  assert.equal(wrong({ first: 1, keys: [10, 12] }), 1);
  assert.equal(wrong({ first: 1, keys: [10, 11, 12, 13] }), 1);
  assert.equal(wrong({ first: 1, keys: [10, null, 12] }), 1);
  assert.equal(wrong({ first: 2, keys: [10] }), 1);
});

test("the same seed plans the same deaths, of every kind", () => {
  assert.deepEqual(planDeaths(7, 50, 5), planDeaths(7, 50, 5));
  const kinds = new Set(planDeaths(1, 200, 20).map(({ kind }) => kind));
  assert.deepEqual([...kinds].sort(), ["away", "crash", "orphan", "reload", "tab"]);
});
