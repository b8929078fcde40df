// The frames that tell of state: docs/PROTOCOL.md, "Snapshots".

import { COUNT, encodeControl, FLAG, FRAMES, fields, has, NUMBER, number, optional, TEXT, WORD } from "./frames.js";

const PART_UNITS = 16_384;
const SNAPSHOT_BYTES = 262_144;

const isTold = optional(
  has({ version: NUMBER, savedAt: COUNT, bytes: number(1, SNAPSHOT_BYTES), check: WORD, follows: FLAG }),
);

/** What a server sends to a client whose state it keeps. The body of `part` is its text. */
export const STATE_FRAMES = {
  __proto__: FRAMES,
  welcome(json) {
    const body = FRAMES.welcome(json);
    return body && isTold(body.snapshot) ? body : null;
  },
  part: (text) => text?.length <= PART_UNITS && text,
  saved: fields({ id: WORD, version: NUMBER, expiresAt: COUNT }),
  unsaved: fields({ id: WORD, reason: TEXT, version: optional(COUNT) }),
};

/** A text, cut between characters: each piece is the body of a `part`. */
export const cutParts = (text) => text.match(/.{1,8192}/gsu);

/** A piece of a text as a frame. */
export const encodePart = (count, part) => `${encodeControl("part", count)} ${part}`;
