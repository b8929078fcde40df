// How a text is known again without comparing it: docs/PROTOCOL.md, "Snapshots".

/** The length of `text` in UTF-8 bytes, and their FNV-1a of 32 bits. */
export function measure(text) {
  const bytes = new TextEncoder().encode(text);
  let check = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) check = Math.imul(check ^ bytes[at], 0x01000193);
  return { bytes: bytes.length, check: check >>> 0 };
}
