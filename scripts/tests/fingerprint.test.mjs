import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { filesIn, fingerprint, makeIfChanged } from "../lib/fingerprint.mjs";
import { toolsDir } from "../lib/paths.mjs";

const NAME = `test-of-fingerprints-${process.pid}`;
let folder;
let made;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "fingerprint-"));
  mkdirSync(path.join(folder, "in"));
  writeFileSync(path.join(folder, "in/a"), "one");
  made = 0;
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  rmSync(path.join(toolsDir, "fingerprints", NAME), { force: true });
});

const make = (facts = [], work = () => writeFileSync(path.join(folder, "out"), "")) =>
  makeIfChanged(NAME, { inputs: [path.join(folder, "in")], facts, outputs: [path.join(folder, "out")] }, () => {
    made++;
    return work();
  });

test("what was made is not made again while nothing changes", async () => {
  assert.equal(await make(), true);
  assert.equal(await make(), false);
  assert.equal(made, 1);
});

test("a changed file, a new file and a changed fact each make it again", async () => {
  await make();
  writeFileSync(path.join(folder, "in/a"), "two");
  assert.equal(await make(), true);
  writeFileSync(path.join(folder, "in/b"), "");
  assert.equal(await make(), true);
  assert.equal(await make(["version 2"]), true);
  assert.equal(made, 4);
});

test("a missing output is made again", async () => {
  await make();
  rmSync(path.join(folder, "out"));
  assert.equal(await make(), true);
});

test("what failed is tried again, even if an older output is there", async () => {
  await make();
  writeFileSync(path.join(folder, "in/a"), "broken");
  await assert.rejects(
    make([], () => {
      throw new Error("no");
    }),
  );
  writeFileSync(path.join(folder, "in/a"), "one");
  assert.equal(await make(), true);
});

test("content that moves from one file to the next is a change", () => {
  const both = [path.join(folder, "in/a"), path.join(folder, "in/b")];
  writeFileSync(both[0], "onetwo");
  writeFileSync(both[1], "");
  const before = fingerprint(both);
  writeFileSync(both[0], "one");
  writeFileSync(both[1], "two");
  assert.notEqual(fingerprint(both), before);
});

test("files are listed in one order, and a missing folder holds none", () => {
  mkdirSync(path.join(folder, "in/c"));
  writeFileSync(path.join(folder, "in/c/d"), "");
  writeFileSync(path.join(folder, "in/b"), "");
  const names = filesIn(path.join(folder, "in")).map((file) => path.relative(folder, file));
  assert.deepEqual(names, ["in/a", "in/b", "in/c/d"]);
  assert.deepEqual(filesIn(path.join(folder, "none")), []);
});
