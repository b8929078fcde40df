// Messages of the chaos run: each known by its number alone, texts and binaries of many lengths.

/** Message number `key`. */
export function payloadOf(key) {
  const length = lengthOf(key);
  if (key % 5 === 4) {
    const bytes = new Uint8Array(4 + length).fill(key % 251);
    new DataView(bytes.buffer).setUint32(0, key);
    return bytes;
  }
  // Some begin with the character that the protocol reserves, some hold characters of four bytes.
  return `${key % 7 === 3 ? "\u0010" : ""}${key} ${(key % 3 === 1 ? "🙂" : "x").repeat(length)}`;
}

/** The number of a message. */
export function keyOf(data) {
  if (typeof data === "string") return Number.parseInt(data.replace("\u0010", ""), 10);
  return new DataView(data.buffer ?? data).getUint32(0);
}

export function samePayload(data, expected) {
  if (typeof data === "string" || typeof expected === "string") return data === expected;
  const bytes = new Uint8Array(data);
  return bytes.length === expected.length && bytes.every((byte, at) => byte === expected[at]);
}

/** Mostly short; one in forty is long. */
function lengthOf(key) {
  return key % 40 === 17 ? 20_000 : (key * 37) % 60;
}
