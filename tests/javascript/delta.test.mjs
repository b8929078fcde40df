// Deltas against the vectors, against random states, and their cost in bytes and time.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { makeDelta } from "../../npm/delta.js";
import { measure } from "../../npm/measure.js";

const vectors = JSON.parse(readFileSync(new URL("../../protocol/vectors.json", import.meta.url), "utf8"));

/** What a server makes of `base` by `delta`: by PROTOCOL.md, and nothing of the client's. Throws what it is no text for. */
function apply(base, delta) {
  const bytes = Buffer.from(base);
  const operations = JSON.parse(delta);
  const pieces = [];
  for (let at = 0; at < operations.length; at++) {
    if (typeof operations[at] === "string") {
      pieces.push(operations[at]);
      continue;
    }
    const [start, length] = operations.slice(at++, at + 1);
    if (!Number.isInteger(start) || !Number.isInteger(length) || start + length > bytes.length)
      throw new Error("range");
    pieces.push(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(start, start + length)));
  }
  return pieces.join("");
}

/** Numbers from 0 to below 1, the same in each run. */
function randomly(seed) {
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
}

const WORDS = [
  "a",
  "naïve",
  "日本",
  "👍🏽",
  'quo"te',
  "back\\slash",
  "line\nbreak",
  "\u0000",
  "comma, brace{ bracket[",
  "",
];

function randomState(random, depth = 0) {
  const one = (list) => list[Math.floor(random() * list.length)];
  const kind = random();
  if (depth > 3 || kind < 0.3)
    return one([null, true, Math.floor(random() * 1e6), random(), one(WORDS), one(WORDS).repeat(20)]);
  const items = Array.from({ length: Math.floor(random() * 9) }, () => randomState(random, depth + 1));
  return kind < 0.6 ? items : Object.fromEntries(items.map((item, at) => [`${one(WORDS)}${at}`, item]));
}

/** The same state with something in it changed, added, moved or taken away. */
function edited(random, state) {
  if (state === null || typeof state !== "object" || random() < 0.2) return randomState(random, 3);
  const entries = Object.entries(state);
  const at = Math.floor(random() * (entries.length + 1));
  const how = random();
  if (how < 0.2) entries.splice(at, 0, [`new ${at}`, randomState(random, 2)]);
  else if (how < 0.4) entries.splice(at, 1);
  else if (how < 0.5) entries.push(...entries.splice(0, at));
  else if (entries[at]) entries[at] = [entries[at][0], edited(random, entries[at][1])];
  return Array.isArray(state) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

/** A state of about 100 kB, as an application has it: many small records and a long text. */
function largeState() {
  const random = randomly(7);
  const items = Array.from({ length: 1_000 }, (_, id) => ({
    id,
    title: `item ${id}: ${random().toString(36)}`,
    done: random() < 0.5,
    tags: ["alpha", "beta"],
  }));
  return { items, draft: "Lorem ipsum dolor sit amet, ".repeat(900), scroll: 0 };
}

test("a server makes the texts of the vectors of the deltas, which the tests' own function reads too", () => {
  for (const { base, delta, text } of vectors.deltas.filter((vector) => "text" in vector)) {
    assert.equal(apply(base, delta), text);
    const made = makeDelta(base, text);
    if (made !== null) assert.equal(apply(base, made), text);
  }
});

test("a text is measured as everybody measures it", () => {
  for (const { text, bytes, check } of vectors.checks) assert.deepEqual(measure(text), { bytes, check });
});

test("the delta of any two states makes the second of the first", () => {
  const random = randomly(42);
  let worthwhile = 0;
  for (let round = 0; round < 3_000; round++) {
    const before = randomState(random);
    let after = before;
    for (let edits = Math.floor(random() * 4); edits >= 0; edits--) after = edited(random, after);
    const [base, text] = [before, after].map((state) => JSON.stringify(state));
    const delta = makeDelta(base, text);
    if (delta === null) continue;
    worthwhile++;
    assert.equal(apply(base, delta), text);
    assert.ok(delta.length * 2 < text.length, "it is shorter");
  }
  assert.ok(worthwhile > 300, `${worthwhile} deltas`);
});

test("a changed field of a large state costs less than 200 bytes, wherever it is and whatever it holds", () => {
  const state = largeState();
  const base = JSON.stringify(state);
  const changes = [
    (copy) => (copy.scroll = 1_234),
    (copy) => (copy.items[0].done = "yes"),
    (copy) => (copy.items[500].title = "日本 👍🏽"),
    (copy) => copy.items.splice(500, 1),
    (copy) => copy.items.unshift({ id: -1 }),
    (copy) => copy.items.push({ id: 1_000 }),
    (copy) => (copy.draft = copy.draft.replace("dolor sit", "dolor")),
  ];
  for (const change of changes) {
    const copy = structuredClone(state);
    change(copy);
    const text = JSON.stringify(copy);
    const delta = makeDelta(base, text);
    assert.equal(apply(base, delta), text);
    assert.ok(Buffer.byteLength(delta) < 200, `${change}: ${delta.length}`);
  }
});

test("several changes in different places cost little as well", () => {
  const state = largeState();
  const base = JSON.stringify(state);
  const copy = structuredClone(state);
  copy.items[3].done = null;
  copy.items[400].tags.push("gamma");
  copy.items.splice(700, 2);
  copy.items.splice(800, 0, { id: "new" });
  copy.scroll = 7;
  const text = JSON.stringify(copy);
  const delta = makeDelta(base, text);
  assert.equal(apply(base, delta), text);
  assert.ok(delta.length < 400, `${delta.length} bytes`);
});

test("what has nothing in common has no delta", () => {
  assert.equal(makeDelta('"aaaa"', '{"other":[1,2,3]}'), null);
  assert.equal(makeDelta("", '{"first":true}'), null);
});

test("four times the text takes about four times the time, even where everything between the ends has moved", () => {
  const [small, large] = [65_536, 262_144].map(bestTime);
  assert.ok(large < 8 * small, `${small.toFixed(2)} and ${large.toFixed(2)} ms of a processor at best`);
});

/** For a delta of a text of so many characters, in milliseconds of a processor: the best of many rounds. */
function bestTime(length) {
  const items = Array.from({ length: 6_000 }, (_, id) => ({ id, name: `record ${id}`, at: id * 977 }));
  const base = JSON.stringify(items).slice(0, length);
  const text = JSON.stringify(items.map((item, at) => (at % 100 ? item : { ...item, name: "x" }))).slice(0, length);
  const times = Array.from({ length: 20 }, () => {
    const start = process.cpuUsage();
    makeDelta(base, text);
    measure(text);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}
