// What has to hold, with a message that says what did not.

import { SteadfastError } from "./module.js";

export function ok(condition, what) {
  if (!condition) throw new Error(`it does not hold: ${what}`);
}

/** Compares by value, as far as `show` can tell values apart. */
export function equal(actual, expected, what = "the value") {
  if (show(actual) !== show(expected)) throw new Error(`${what}: ${show(actual)} instead of ${show(expected)}`);
}

/** The SteadfastError with `code` that `act` throws; `text` is in its message. */
export function throwsCode(act, code, text = "") {
  let result;
  try {
    result = act();
  } catch (error) {
    return hasCode(error, code, text);
  }
  throw new Error(`no ${code} ${text}: it returned ${show(result)}`);
}

/** The SteadfastError with `code` that `promise` rejects with; `text` is in its message. */
export function rejectsCode(promise, code, text = "") {
  return promise.then(
    (value) => {
      throw new Error(`no ${code} ${text}: it resolved with ${show(value)}`);
    },
    (error) => hasCode(error, code, text),
  );
}

/** `error` itself, when it is a whole SteadfastError with `code`. */
export function hasCode(error, code, text = "") {
  if (!(error instanceof SteadfastError)) throw new Error(`no SteadfastError ${code}: ${show(error)} ${error?.stack}`);
  equal(error.code, code, `the code of "${error.message}"`);
  ok(error instanceof Error && error.name === "SteadfastError", "it is an Error of its own name");
  ok(error.message.includes(text), `"${error.message}" contains "${text}"`);
  equal(new Date(error.timestamp).toISOString(), error.timestamp, "the timestamp");
  equal(typeof error.requestId, "string", "the type of requestId");
  return error;
}

/** A value as text: nested, with what JSON leaves out. */
export function show(value) {
  if (value instanceof Error) return `${value.name}(${value.code ?? ""} ${value.message})`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}${show([...value])}`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer${show([...new Uint8Array(value)])}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || typeof value !== "object") return Object.is(value, -0) ? "-0" : String(value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return Object.prototype.toString.call(value);
  return `{${Object.entries(value)
    .map(([name, field]) => `${name}: ${show(field)}`)
    .join(", ")}}`;
}
