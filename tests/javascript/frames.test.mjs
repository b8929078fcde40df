// The client's frames against the vectors that every implementation of steadfast.v1 can use.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  cutBinary,
  decodeControl as decodeWith,
  encodeControl,
  encodeUnit,
  escapeText,
  RESERVED,
} from "../../npm/frames.js";
import { cutParts, encodePart, STATE_FRAMES } from "../../npm/state-frames.js";

const decodeControl = (frame) => decodeWith(frame, STATE_FRAMES);

const vectors = JSON.parse(readFileSync(new URL("../../protocol/vectors.json", import.meta.url), "utf8"));
const fromServer = ({ from }) => from !== "client";
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex")).buffer;
const hex = (buffer) => Buffer.from(buffer).toString("hex");

for (const list of ["controls", "applications", "units", "invalid", "cuts", "deltas", "checks"]) {
  test(`there are vectors of ${list}`, () => assert.ok(vectors[list].length > 3));
}

for (const { name, wire, count, frame, body } of vectors.controls.filter(fromServer)) {
  test(`reads: ${name}`, () => {
    const read = decodeControl(wire);
    assert.deepEqual([read.name, read.count], [frame, count]);
    if (frame === "part") return assert.equal(read.body, body);
    // A field whose value this client does not know is left to who uses it.
    for (const [field, value] of Object.entries(body ?? {})) {
      if (field !== "reason") assert.deepEqual(read.body[field], value, field);
    }
  });
}

for (const { name, wire, count, frame, body } of vectors.controls.filter(({ canonical }) => canonical)) {
  const write = frame === "part" ? () => encodePart(count, body) : () => encodeControl(frame, count, body);
  test(`writes: ${name}`, () => assert.equal(write(), wire));
}

for (const { name, wire } of vectors.invalid.filter(fromServer)) {
  test(`refuses: ${name}`, () => assert.equal(decodeControl(wire), null));
}

test("refuses what only a client says", () => {
  for (const { name, wire } of vectors.controls.filter(({ from }) => from === "client")) {
    assert.equal(decodeControl(wire), null, name);
  }
});

test("without state its frames are refused", () => {
  for (const wire of [
    "part 0 x",
    'saved 0 {"id":1,"version":1,"expiresAt":1}',
    'unsaved 0 {"id":1,"reason":"stale"}',
  ]) {
    assert.ok(decodeControl(RESERVED + wire), wire);
    assert.equal(decodeWith(RESERVED + wire), null, wire);
  }
});

test("refuses the names of what every object has", () => {
  for (const name of ["constructor", "valueOf", "__proto__", "toString", "hasownproperty"]) {
    assert.equal(decodeControl(`${RESERVED}${name} 0 {}`), null, name);
  }
});

for (const { name, wire, text } of vectors.applications) {
  test(`an application's text: ${name}`, () => {
    // A lone surrogate becomes U+FFFD on its way through the socket.
    assert.equal(escapeText(text), wire);
    if (wire[0] === RESERVED) assert.equal(wire[1], RESERVED);
  });
}

for (const { name, wire, count, texts } of vectors.units.filter(({ texts }) => texts)) {
  test(`a unit of texts: ${name}`, () => {
    assert.deepEqual(decodeControl(wire), { name: "texts", count, body: texts });
    assert.deepEqual(encodeUnit(count, texts), [wire]);
  });
}

for (const { name, wire, count, binary, messages } of vectors.units.filter(({ binary }) => binary !== undefined)) {
  test(`a unit of buffers: ${name}`, async () => {
    const { body } = decodeControl(wire);
    assert.deepEqual(cutBinary(bytes(binary), body).map(hex), messages);
    const blobs = cutBinary(new Blob([bytes(binary)]), body);
    assert.deepEqual(await Promise.all(blobs.map(async (blob) => hex(await blob.arrayBuffer()))), messages);
    const [head, whole] = encodeUnit(count, messages.map(bytes));
    assert.deepEqual([head, hex(whole)], [wire, binary]);
  });
}

for (const { name, wire, binary } of vectors.cuts) {
  test(`a unit that does not fit its frame: ${name}`, () => {
    const { body } = decodeControl(wire);
    assert.equal(cutBinary(bytes(binary), body), null);
    assert.equal(cutBinary(new Blob([bytes(binary)]), body), null);
  });
}

test("a unit takes what is in a view, and no more of its buffer", () => {
  const buffer = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]).buffer;
  const views = [new Uint8Array(buffer, 1, 2), new DataView(buffer, 4, 1), new Uint16Array(buffer, 6, 1)];
  const [head, whole] = encodeUnit(9, views);
  assert.deepEqual([head, hex(whole)], [`${RESERVED}binaries 9 2,1,2`, "0102040607"]);
});

// [P138]
test("a snapshot's text is cut between characters", () => {
  for (const text of ["x", "x".repeat(100_000), `x${"🚀".repeat(30_000)}`, `${RESERVED}\n\r\u2028"`.repeat(20_000)]) {
    const parts = cutParts(text);
    assert.equal(parts.join(""), text);
    for (const part of parts) {
      assert.deepEqual(decodeControl(encodePart(7, part)), { name: "part", count: 7, body: part });
      assert.ok(!/^[\udc00-\udfff]|[\ud800-\udbff]$/.test(part));
    }
  }
});

// [P138]
test("a part has 16,384 units at most", () => {
  const part = "x".repeat(16_384);
  assert.equal(decodeControl(encodePart(0, part)).body, part);
  assert.equal(decodeControl(encodePart(0, `${part}x`)), null);
});

test("lone surrogates at a joint stay two", () => {
  const [wire] = encodeUnit(0, ["a\ud83d", "\ude00b"]);
  assert.deepEqual(decodeControl(wire.toWellFormed?.() ?? wire).body.join("|").length, 5);
});

test("anything at all is read or refused, and never throws", () => {
  const alphabet = `${RESERVED}| |,|0|1|9|{|}|"|id|:|texts|binaries|ping|from|😀`.split("|");
  // A linear congruential generator: the same frames in every run.
  let seed = 1;
  const pick = (count) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * count);
  };
  let read = 0;
  for (let round = 0; round < 50_000; round++) {
    const parts = Array.from({ length: pick(14) }, () => alphabet[pick(alphabet.length)]);
    const start = pick(2) ? "" : ["texts 0 1,1", 'ping 3 {"id":', "binaries 0 1,"][pick(3)];
    if (decodeControl(RESERVED + start + parts.join("")) !== null) read++;
  }
  assert.ok(read > 10, `${read} frames were read`);
});
