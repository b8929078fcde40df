// The frames of steadfast.v1 as the client reads and writes them: docs/PROTOCOL.md says what they mean.

import { isObject } from "./options.js";
import { sizeOf } from "./payload.js";

/** The character that begins every control frame. */
export const RESERVED = "\x10";

const LAST_NUMBER = 2 ** 53 - 1;
const MOST_MESSAGES = 1_024;

export const number = (least, most) => (given) => Number.isInteger(given) && given >= least && given <= most;
export const text = (shape) => (given) => typeof given === "string" && shape.test(given);
export const optional = (accepts) => (given) => given == null || accepts(given);
/** As `optional`, but null is no way to leave it out. */
export const absentOr = (accepts) => (given) => given === undefined || accepts(given);
export const listOf = (accepts) => (given) => Array.isArray(given) && given.every((each) => accepts(each));
export const has = (table) => (given) =>
  isObject(given) && Object.entries(table).every(([field, accepts]) => accepts(given[field], given));
export const COUNT = number(0, LAST_NUMBER);
export const WORD = number(0, 0xffff_ffff);
const LIMIT = number(1, 0xffff_ffff);
export const NUMBER = number(1, LAST_NUMBER);
export const FLAG = (given) => typeof given === "boolean";
export const TEXT = text(/^/);
/** Whether a server can have given it: an id, or a token. */
export const isWord = text(/^[\w-]{1,64}$/);
const STREAM = text(/^\P{Cc}{0,128}$/u);
export const LANE = number(0, 2);
const areLanes = (given) => listOf(COUNT)(given) && given.length === 3;
const isClaimed = has({ birth: isWord, received: areLanes });
const areClaimed = (given) => isObject(given) && Object.values(given).every(isClaimed);

/** What a server sends: how its body is read, and which fields of it matter here. */
export const FRAMES = {
  __proto__: null,
  welcome: fields({
    session: isWord,
    token: isWord,
    memories: optional(areClaimed),
    // So `resumed` is a boolean, too.
    reason: (given, { resumed }) => TEXT(given) && (given === "resumed") === resumed,
    maxMessage: LIMIT,
    window: (given) => Array.isArray(given) && given.every(LIMIT) && given.length === 2,
    retry: optional(COUNT),
    protocol: optional(TEXT),
  }),
  error: fields({ errorCode: isWord, message: TEXT }),
  authenticated: fields({}),
  // Another user's has neither.
  adopted: fields({
    memory: isWord,
    birth: optional(isWord),
    received: (given, { birth }) => (birth ? areLanes(given) : given == null),
  }),
  stored: fields({ memory: isWord, lane: LANE, number: COUNT }),
  from: fields({ stream: STREAM, epoch: WORD, next: NUMBER, reason: optional(isWord) }),
  volatile: fields({ stream: STREAM }),
  ping: fields({ id: WORD }),
  pong: fields({ id: WORD }),
  texts: cutTexts,
  binaries: readLengths,
};

/** A control frame. */
export const encodeControl = (name, count, body) =>
  `${RESERVED}${name} ${count}${body ? ` ${JSON.stringify(body)}` : ""}`;

/** An application's text as a frame of its own. */
export const escapeText = (message) => (message[0] === RESERVED ? RESERVED + message : message);

/** The frames of a unit of messages, which are all texts or all buffers. */
export function encodeUnit(count, messages) {
  const areTexts = typeof messages[0] === "string";
  const lengths = messages.map(({ length, byteLength = length }) => byteLength);
  const head = `${encodeControl(areTexts ? "texts" : "binaries", count)} ${lengths}`;
  return areTexts ? [[head, ...messages, ""].join(RESERVED)] : [head, concatenate(messages)];
}

/**
 * What is in a text that begins with the reserved character: name, count and body; null when it is
 * none of the `frames` of a server. The body of `texts` is the texts, that of `binaries` the lengths.
 */
export function decodeControl(frame, frames = FRAMES) {
  const [, name, digits, rest] = /^.(\w+) (0|[1-9]\d*)(?: (.*))?$/s.exec(frame) ?? [];
  const count = +digits;
  const body = frames[name]?.(rest);
  return body && COUNT(count) ? { name, count, body } : null;
}

/** The messages of a unit in the frame that follows `binaries`; null when they do not fill it. */
export function cutBinary(data, lengths) {
  let end = 0;
  const messages = lengths.map((length) => data.slice(end, (end += length)));
  return end === sizeOf(data) ? messages : null;
}

/** Every cut is verified, and nothing is left over. */
function cutTexts(unit = "") {
  const [list] = unit.split(RESERVED, 1);
  let end = list.length;
  const texts = readLengths(list)?.map((length) => unit.slice(end + 1, (end += length + 1)));
  return texts && [list, ...texts, ""].join(RESERVED) === unit ? texts : null;
}

function readLengths(list = "") {
  const lengths = list.split(",", MOST_MESSAGES).map(Number);
  // As it would be written, and nothing left out.
  return lengths.length > 1 && lengths.every(WORD) && `${lengths}` === list ? lengths : null;
}

/** Reads a body with these fields. */
export function fields(table) {
  return (json = "{}") => {
    try {
      const body = JSON.parse(json);
      return has(table)(body) ? body : null;
    } catch {
      return null;
    }
  };
}

/** Few and short ones: a unit has at most 64 KiB. */
const concatenate = (messages) =>
  Uint8Array.from(
    messages.flatMap((message) => [
      ...new Uint8Array(message.buffer ?? message, message.byteOffset, message.byteLength),
    ]),
  );
