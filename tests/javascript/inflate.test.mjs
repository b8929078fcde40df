// The embedded module comes out as it went in, whatever deflate made of it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import zlib from "node:zlib";
import { inflate } from "../../npm/inflate.js";
import { textOf } from "../../scripts/lib/embed.mjs";

/** Bytes of `letters` kinds, the same each time. */
function noise(length, letters) {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, at) =>
    createHash("sha256").update(`${at}`).digest(),
  );
  return Buffer.concat(blocks)
    .subarray(0, length)
    .map((byte) => byte % letters);
}

const INPUTS = {
  "one byte": Buffer.from([7]),
  "one byte, very often": Buffer.alloc(100_000, 7),
  words: Buffer.from("the same words again, and again the same words; ".repeat(999)),
  "few letters": noise(70_000, 3),
  "many letters": noise(70_000, 180),
  "far repetitions": Buffer.concat([noise(30_000, 200), noise(30_000, 200), noise(31_000, 200)]),
};

for (const [name, bytes] of Object.entries(INPUTS)) {
  test(`${name} come out as they went in`, () => {
    const strategies = ["Z_DEFAULT_STRATEGY", "Z_HUFFMAN_ONLY", "Z_RLE"];
    // What fixed codes would lengthen is stored, and no module is.
    if (bytes.every((byte) => byte < 144)) strategies.push("Z_FIXED");
    for (const strategy of strategies) {
      for (const level of [1, 6, 9]) {
        const text = textOf(zlib.deflateRawSync(bytes, { level, strategy: zlib.constants[strategy] }));
        assert.match(text, /^[(-[\]-h]+$/);
        assert.ok(bytes.equals(inflate(text, bytes.length)), `${strategy}, level ${level}`);
      }
    }
  });
}
