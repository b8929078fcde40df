// The options: one table that says what there is, what is allowed and what holds without a word.

import { SteadfastError } from "./error.js";
import { LEVELS } from "./log.js";
import { isData, tagOf } from "./payload.js";

const FOREVER = 1 / 0;

export const row = (allowed, accepts, standard, number) => ({ allowed, accepts, standard, number });
/** Infinity only where it is the standard, which is always allowed. */
const number = (standard, least, what, isKind = Number.isFinite) =>
  row(`${what} from ${least}`, (given) => isKind(given) && given >= least, standard, Number);
export const ms = (standard, least = 0) => number(standard, least, "milliseconds");
const count = (standard, least = 1) => number(standard, least, "a whole number", Number.isInteger);
/** The first is the standard. */
const oneOf = (...choices) => row(choices.join(", "), (given) => choices.includes(given), choices[0]);
/** One that the engine knows by its place. */
const placeOf = (...choices) => ({ ...oneOf(...choices), number: (given) => choices.indexOf(given) });
export const aFunction = row("a function", (given) => typeof given === "function");
const aSignal = row("an AbortSignal", (given) => given?.aborted !== undefined);
export const orFunction = ({ allowed, accepts }, standard) =>
  row(`${allowed} or a function`, (given) => aFunction.accepts(given) || accepts(given), standard);
const aMessage = row("a message", isData);
const aString = row("a string", (given) => typeof given === "string");
export const maybeName = row("false or a name", (given) => given && aString.accepts(given), false);
/** The names of subprotocols: RFC 6455 section 4.1 wants tokens, each once. */
const someProtocols = row("subprotocols, each once", (given) => {
  const names = [given].flat();
  return names.every(
    (name, at) => aString.accepts(name) && /^[\w!#$%&'*+\-.^`|~]+$/.test(name) && names.indexOf(name) === at,
  );
});
/**
 * Options of their own; `false` switches them off, `true` is `{}`. `standard`: what holds without a word. `stays`: what is
 * off has its standards here as well.
 */
export const group = (rows, standard = {}, stays = false) => ({ rows, standard, stays });

/** Whether `given` can be the subprotocols of a socket. */
export const areProtocols = someProtocols.accepts;

/** The numbers among the rows cross to the engine in this order; src/options.rs reads them. */
export const CLIENT = {
  session: group({ storage: oneOf("browser", "tab", "memory") }, false),
  connectTimeout: ms(10_000, 1),
  maxMessage: count(1 << 20),
  heartbeat: group(
    {
      interval: ms(30_000, 1),
      timeout: ms(10_000, 1),
      misses: count(3),
      probe: ms(3_000, 1),
      adaptive: group({ min: ms(undefined, 1), max: ms(undefined, 1) }),
      ping: orFunction(aMessage, "PING"),
      pong: orFunction(aString, "PONG"),
    },
    {},
    // For what `ping()` sends.
    true,
  ),
  reconnect: group({
    first: ms(1_000),
    min: ms(200),
    base: ms(1_000, 1),
    max: ms(60_000, 1),
    factor: number(2, 1, "a number"),
    jitter: placeOf("full", "equal", "decorrelated", "none"),
    retries: count(FOREVER, 0),
    maxElapsed: ms(FOREVER),
    stableAfter: ms(5_000),
    decide: aFunction,
  }),
  queue: group({
    maxMessages: count(10_000),
    maxBytes: count(16 << 20),
    overflow: placeOf("reject", "drop-oldest", "drop-newest"),
    ttl: ms(FOREVER),
    highWaterMark: count(1 << 20),
  }),
  autoConnect: oneOf(true, false),
  binaryType: oneOf("arraybuffer", "blob"),
  protocols: orFunction(someProtocols, []),
  greet: aFunction,
  auth: orFunction(aString),
  requestIdParam: maybeName,
  codec: row(
    "raw, json or { encode, decode }",
    (given) => given === "json" || (aFunction.accepts(given?.encode) && aFunction.accepts(given.decode)),
    "raw",
  ),
  signal: aSignal,
  webSocket: aFunction,
  log: orFunction(oneOf(...LEVELS), "warn"),
};

const SEND = {
  ttl: ms(FOREVER),
  volatile: oneOf(false, true),
  key: aString,
  priority: oneOf("normal", "high", "low"),
};

const EXTRAS = {
  send: SEND,
  deliver: { ...SEND, signal: aSignal },
  flush: { timeout: ms(FOREVER) },
  on: { once: oneOf(false, true), signal: aSignal },
  once: { signal: aSignal },
};

/** The options of a client, complete and with their `kit`, and the numbers for the engine. Throws INVALID_OPTION. */
export function readOptions(kit, given = {}) {
  const numbers = [];
  const options = read(kit.rows, given, "options", numbers);
  options.kit = kit;
  fitAdaptive(options, numbers);
  fitSession(options);
  numbers.unshift(!!options.greet, !!options.reconnect?.decide, !!options.queue?.persist);
  return { options, numbers: new Float64Array(numbers) };
}

/** The options of a method. Throws INVALID_OPTION. */
export const readExtras = (method, given = {}) => read(EXTRAS[method], given, "options");

/** Refuses what stands at `path`. */
export function refuse(path, given, allowed) {
  throw new SteadfastError("INVALID_OPTION", `${path}: given ${describe(given)}; allowed: ${allowed}`);
}

/** All `names`, and which of them may be meant by `name`: one that has almost the same letters. */
export function suggest(name, names) {
  const nearest = names.find((known) => {
    const letters = [...new Set(name + known)];
    return letters.filter((letter) => !name.includes(letter) || !known.includes(letter)).length < 3;
  });
  return names.join(", ") + (nearest ? `; did you mean "${nearest}"?` : "");
}

function read(rows, given, path, numbers = []) {
  if (!isObject(given)) refuse(path, given, "an object");
  for (const name in given) {
    if (Object.hasOwn(rows, name) || given[name] === undefined) continue;
    refuse(`${path}.${name}`, given[name], suggest(name, Object.keys(rows)));
  }
  const values = {};
  for (const name in rows) {
    values[name] = (rows[name].rows ? readGroup : readValue)(rows[name], given[name], `${path}.${name}`, numbers);
  }
  return values;
}

/** A group that is off crosses with its standards, so that what follows stays in its place. */
function readGroup({ rows, standard, stays }, given = standard, path, numbers) {
  numbers.push(given !== false);
  const values = read(rows, typeof given === "boolean" ? {} : given, path, numbers);
  return given === false && !stays ? undefined : values;
}

function readValue({ allowed, accepts, standard, number }, given = standard, path, numbers) {
  if (given !== standard && !accepts(given)) refuse(path, given, allowed);
  if (number) numbers.push(number(given));
  return given;
}

/** The bounds of the heartbeat's interval follow an interval that was chosen, unless they were too. */
function fitAdaptive({ heartbeat }, numbers) {
  if (!heartbeat.adaptive) return;
  const { interval, adaptive } = heartbeat;
  adaptive.min ??= Math.min(5_000, adaptive.max ?? interval);
  adaptive.max ??= Math.max(adaptive.min, interval);
  const { min, max } = adaptive;
  if (min > max) refuse("heartbeat.adaptive.min", min, `at most ${max}`);
  numbers.splice(ADAPTIVE_AT, 2, min, max);
}

/** A session has its own greeting; without one nobody asks for a token. */
function fitSession({ session, greet, auth }) {
  if (session && greet) refuse("greet", greet, "nothing with session");
  if (!session && auth !== undefined) refuse("auth", auth, "nothing without session");
}

/** Where `heartbeat.adaptive.min` stands among the numbers. */
const ADAPTIVE_AT = 8;

/** Whether `given` can hold options: no array, no function, not null. */
export const isObject = (given) => tagOf(given) === "[object Object]";

function describe(given) {
  if (typeof given === "string") return JSON.stringify(given);
  return Object(given) === given ? tagOf(given) : String(given);
}
