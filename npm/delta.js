// What changed between two texts, as steadfast.v1 sends it: docs/PROTOCOL.md, "Snapshots".

import { utf8Length } from "./payload.js";

/** From how many characters on a piece is looked for anywhere; a shorter one only where it is expected. */
const LONG = 16;

/**
 * The delta that makes `text` of `base`: a JSON array in which two integers copy from the UTF-8 bytes of
 * `base` (where to begin, how many) and a string is inserted. Null when it saves less than half.
 */
export function makeDelta(base, text) {
  const [start, end] = commonEnds(base, text);
  const script = new Script();
  const before = utf8Length(base.slice(0, start));
  script.copy(0, before);
  const middle = base.slice(start, base.length - end);
  compare(middle, text.slice(start, text.length - end), before, script);
  script.copy(before + utf8Length(middle), utf8Length(base.slice(base.length - end)));
  const delta = JSON.stringify(script.operations);
  return delta.length * 2 < text.length ? delta : null;
}

/** How many characters two texts have in common at their beginning, and at their end; no pair is torn apart. */
function commonEnds(one, other) {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start++;
  if (/[\ud800-\udbff]/.test(one[start - 1])) start--;
  let end = 0;
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  if (/[\udc00-\udfff]/.test(one[one.length - end])) end--;
  return [start, end];
}

/** What is between the common ends; `offset`: where in the bytes of the whole base it begins. */
function compare(base, text, offset, script) {
  const pieces = [];
  const places = new Map();
  for (const piece of cut(base)) {
    if (piece.length >= LONG) places.set(piece, pieces.length);
    const bytes = utf8Length(piece);
    pieces.push({ piece, offset, bytes });
    offset += bytes;
  }
  const is = (place, piece) => pieces[place]?.piece === piece;
  const wanted = cut(text);
  let place = 0;
  wanted.forEach((piece, at) => {
    if (!is(place, piece)) place = is(place + 1, piece) ? place + 1 : (places.get(piece) ?? place);
    if (is(place, piece)) {
      script.copy(pieces[place].offset, pieces[place].bytes);
      place++;
    } else {
      script.insert(piece);
      if (!is(place, wanted[at + 1])) place++;
    }
  });
}

/** Pieces that JSON suggests: elements, fields, and the lines of a text. */
const cut = (text) => text.match(/[^,{[\\]*[,{[\\]|[^,{[\\]+/g) ?? [];

class Script {
  operations = [];
  /** Where the last copy ends; -1 after an insertion. */
  #end = -1;

  copy(offset, bytes) {
    const { operations } = this;
    if (!bytes) return;
    if (offset === this.#end) operations[operations.length - 1] += bytes;
    else operations.push(offset, bytes);
    this.#end = offset + bytes;
  }

  insert(piece) {
    const { operations } = this;
    if (typeof operations.at(-1) === "string") operations[operations.length - 1] += piece;
    else operations.push(piece);
    this.#end = -1;
  }
}
