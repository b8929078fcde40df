// What takes the room in a WebAssembly module: its sections, and its functions by the names of the name section.

const SECTIONS = [
  "custom",
  "type",
  "import",
  "function",
  "table",
  "memory",
  "global",
  "export",
  "start",
  "element",
  "code",
  "data",
  "data count",
];

/**
 * Bytes by section, and `functions` as `{ name, bytes }`, the largest first.
 * A function without a name is called `function 17`, after its index.
 */
export function measureModule(bytes) {
  const reader = new Reader(bytes, 8); // magic number and version
  const sections = {};
  const found = { imported: 0, bodies: [], names: new Map() };
  while (!reader.atEnd()) {
    const id = reader.byte();
    const content = reader.slice(reader.number());
    const name = id === 0 ? `custom ${peekName(content)}` : (SECTIONS[id] ?? `section ${id}`);
    sections[name] = (sections[name] ?? 0) + content.length;
    if (id === 2) found.imported = countImportedFunctions(new Reader(content));
    if (id === 10) found.bodies = bodySizes(new Reader(content));
    if (name === "custom name") found.names = functionNames(new Reader(content));
  }
  return { sections, functions: nameBodies(found) };
}

/** Adds up functions by the crate that their name begins with; the largest first. */
export function byCrate(functions) {
  const crates = new Map();
  for (const { name, bytes } of functions) {
    const crate = crateOf(name);
    crates.set(crate, (crates.get(crate) ?? 0) + bytes);
  }
  return [...crates].map(([name, bytes]) => ({ name, bytes })).sort(largestFirst);
}

/** The crate of a demangled name: `<a::B as c::D>::e` belongs to a, `core::fmt::write` to core. */
export function crateOf(name) {
  const first = /^[<&*([\s]*(?:dyn |mut |const )?([A-Za-z_]\w*)::/.exec(name);
  return first ? first[1] : "other";
}

const largestFirst = (a, b) => b.bytes - a.bytes;

function nameBodies({ imported, bodies, names }) {
  const named = bodies.map((bytes, index) => {
    const known = names.get(imported + index);
    return { name: known ?? `function ${imported + index}`, bytes };
  });
  return named.sort(largestFirst);
}

const peekName = (content) => new Reader(content).text();

function countImportedFunctions(reader) {
  let functions = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === 0) functions++;
    skipImport(reader, kind);
  }
  return functions;
}

/** An import's description: a type index, a table, a memory, a global or a tag. */
function skipImport(reader, kind) {
  if (kind === 1 || kind === 3) reader.byte(); // the type of the elements, or of the value
  if (kind === 3) reader.byte(); // mutable or not
  if (kind === 4) reader.byte();
  if (kind === 1 || kind === 2) skipLimits(reader);
  if (kind === 0 || kind === 4) reader.number();
}

function skipLimits(reader) {
  const flags = reader.byte();
  reader.number();
  if (flags & 1) reader.number();
}

function bodySizes(reader) {
  return Array.from({ length: reader.number() }, () => {
    const size = reader.number();
    reader.slice(size);
    return size;
  });
}

function functionNames(reader) {
  const names = new Map();
  reader.text();
  while (!reader.atEnd()) {
    const kind = reader.byte();
    const content = new Reader(reader.slice(reader.number()));
    if (kind !== 1) continue;
    for (let left = content.number(); left > 0; left--) names.set(content.number(), content.text());
  }
  return names;
}

class Reader {
  constructor(bytes, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  atEnd() {
    return this.offset >= this.bytes.length;
  }

  byte() {
    return this.bytes[this.offset++];
  }

  /** An unsigned number in LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  slice(length) {
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }

  text() {
    return new TextDecoder().decode(this.slice(this.number()));
  }
}
