// The frames of steadfast.v1 as the client reads and writes them: docs/PROTOCOL.md says what they mean.

import { isObject } from "./options.js";

/** The character that begins every control frame. */
export const RESERVED = "\x10";

const LAST_NUMBER = 2 ** 53 - 1;
const LAST_WORD = 0xffff_ffff;
const MOST_MESSAGES = 1_024;

const number = (least, most) => (given) => Number.isInteger(given) && given >= least && given <= most;
const text = (shape) => (given) => typeof given === "string" && shape.test(given);
const optional = (accepts) => (given) => given == null || accepts(given);
const COUNT = number(0, LAST_NUMBER);
const WORD = number(0, LAST_WORD);
const LIMIT = number(1, LAST_WORD);
const TEXT = text(/^/);
const ID = text(/^[\w-]{1,64}$/);
const STREAM = text(/^\P{Cc}{0,128}$/u);

/** What a server sends, and the fields of it that matter here. */
const FRAMES = {
  __proto__: null,
  welcome: {
    session: ID,
    token: ID,
    received: (given, { resumed }) => COUNT(given) && (resumed || given === 0),
    resumed: (given) => typeof given === "boolean",
    reason: (given, { resumed }) => TEXT(given) && (given === "resumed") === resumed,
    maxMessage: LIMIT,
    window: (given) => Array.isArray(given) && given.length === 2 && given.every(LIMIT),
    retry: optional(COUNT),
    protocol: optional(TEXT),
  },
  error: { errorCode: ID, message: TEXT },
  authenticated: {},
  stored: { number: COUNT },
  from: { stream: STREAM, epoch: WORD, next: number(1, LAST_NUMBER), reason: optional(ID) },
  volatile: { stream: STREAM },
  ping: { id: WORD },
  pong: { id: WORD },
};

/** A control frame. */
export const encodeControl = (name, count, body) =>
  `${RESERVED}${name} ${count}${body ? ` ${JSON.stringify(body)}` : ""}`;

/** An application's text as a frame of its own. */
export const escapeText = (message) => (message[0] === RESERVED ? RESERVED + message : message);

/** The frames of a unit of messages, which are all texts or all buffers. */
export function encodeUnit(count, messages) {
  if (typeof messages[0] === "string") {
    const lengths = messages.map((message) => message.length);
    return [[`${encodeControl("texts", count)} ${lengths}`, ...messages, ""].join(RESERVED)];
  }
  const lengths = messages.map(({ byteLength }) => byteLength);
  return [`${encodeControl("binaries", count)} ${lengths}`, concatenate(messages, lengths)];
}

/**
 * What is in a text that begins with the reserved character: name, count and body; null when it is
 * no control frame of a server. The body of `texts` is the texts, that of `binaries` the lengths.
 */
export function decodeControl(frame) {
  const [, name, digits, rest] = /^([a-z]+) (\d+)(?: (.*))?$/s.exec(frame.slice(1)) ?? [];
  const count = readNumber(digits, LAST_NUMBER);
  const body = name === "texts" ? cutTexts(rest) : name === "binaries" ? readLengths(rest) : readFields(name, rest);
  return body && count !== null ? { name, count, body } : null;
}

/** The messages of a unit in the frame that follows `binaries`; null when they do not fill it. */
export function cutBinary(data, lengths) {
  let end = 0;
  const messages = lengths.map((length) => data.slice(end, (end += length)));
  return end === (data.byteLength ?? data.size) ? messages : null;
}

/** Every cut is verified, and nothing is left over. */
function cutTexts(unit = "") {
  let end = unit.indexOf(RESERVED);
  const lengths = readLengths(unit.slice(0, end));
  const texts = lengths?.map((length) => {
    const start = end + 1;
    end = start + length;
    return unit[end] === RESERVED ? unit.slice(start, end) : null;
  });
  return end + 1 === unit.length && !texts?.includes(null) ? texts : null;
}

function readLengths(list = "") {
  const lengths = list.split(",", MOST_MESSAGES + 1).map((length) => readNumber(length, LAST_WORD));
  return lengths.length > 1 && lengths.length <= MOST_MESSAGES && !lengths.includes(null) ? lengths : null;
}

function readNumber(digits, last) {
  return /^(0|[1-9]\d*)$/.test(digits) && +digits <= last ? +digits : null;
}

function readFields(name, json = "{}") {
  try {
    const body = JSON.parse(json);
    const fields = Object.entries(FRAMES[name]);
    return isObject(body) && fields.every(([field, accepts]) => accepts(body[field], body)) ? body : null;
  } catch {
    return null;
  }
}

function concatenate(buffers, lengths) {
  const whole = new Uint8Array(lengths.reduce((sum, length) => sum + length));
  let end = 0;
  for (const buffer of buffers) {
    whole.set(new Uint8Array(buffer.buffer ?? buffer, buffer.byteOffset, buffer.byteLength), end);
    end += buffer.byteLength;
  }
  return whole;
}
