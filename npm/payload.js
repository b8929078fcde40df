// Messages as the platform's WebSocket takes them: what they are, how long, and how to keep them.

// jsdom has none.
const encoder = globalThis.TextEncoder && new TextEncoder();

/** How many bytes `text` has in UTF-8; a lone surrogate counts as the U+FFFD that is sent for it. */
export const utf8Length = (text) => encoder?.encode(text).length ?? new Blob([text]).size;

/**
 * The size of `data`: in bytes, but for a text that is not to be measured exactly in UTF-16 units,
 * of which each has one to three bytes.
 */
export function sizeOf(data, exact) {
  if (typeof data === "string") return exact ? utf8Length(data) : data.length;
  return data.byteLength ?? data.size;
}

/** Whether a WebSocket takes `data` and means what the caller means. */
export function isData(data) {
  if (typeof data === "string") return true;
  const buffer = ArrayBuffer.isView(data) ? data.buffer : data;
  const tag = tagOf(buffer);
  try {
    // One that is detached throws.
    return / (Blob|File)]/.test(tag) || (/ ArrayBuffer]/.test(tag) && !!new Uint8Array(buffer));
  } catch {
    return false;
  }
}

/** What a value is, whichever window it comes from. */
export const tagOf = (value) => Object.prototype.toString.call(value);

/**
 * How many bytes an inbound message has at least: all but the start of a text is taken for ASCII. More than it has would
 * have the server found guilty of sending too much.
 */
export function leastSizeOf(data) {
  if (typeof data !== "string") return sizeOf(data);
  return utf8Length(data.slice(0, SAMPLE)) + data.slice(SAMPLE).length;
}

/** A copy of a buffer, which its owner may change or transfer; texts and blobs never change. */
export function freeze(data) {
  if (ArrayBuffer.isView(data)) {
    const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    return new globalThis[data[Symbol.toStringTag]](bytes);
  }
  return data.byteLength === undefined ? data : data.slice(0);
}

const SAMPLE = 1_024;
