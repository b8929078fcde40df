// The embedded modules: deflated (RFC 1951), and written as text by scripts/lib/embed.mjs. Read by hand, because `new
// Steadfast` of the inline entry can wait for no DecompressionStream, and not every platform has one, or `atob`.

/** The `size` bytes that `text` was made of. */
export function inflate(text, size) {
  const bytes = new Uint8Array(size);
  const read = readerOf(text);
  for (let at = 0; at < size; ) {
    // A block's kind: the first bit says whether it is the last one, which the size says as well. None is stored.
    const [symbols, distances] = read(3) > 3 ? readTrees(read) : fixedTrees();
    for (let symbol; (symbol = decode(read, symbols)) !== END_OF_BLOCK; ) {
      if (symbol < END_OF_BLOCK) bytes[at++] = symbol;
      else {
        const end = at + (symbol > 284 ? 258 : 3 + readRange(read, symbol - 257, 2));
        const distance = 1 + readRange(read, decode(read, distances), 1);
        for (; at < end; at++) bytes[at] = bytes[at - distance];
      }
    }
  }
  return bytes;
}

/** Reads bits, the lowest first. Each character has six, and is one of "(" to "h" without the backslash. */
function readerOf(text) {
  let at = 0;
  let held = 0;
  let count = 0;
  return (wanted) => {
    for (; count < wanted; count += 6) {
      const code = text.charCodeAt(at++);
      held |= (code - 40 - (code > 92)) << count;
    }
    const bits = held & ((1 << wanted) - 1);
    held >>= wanted;
    count -= wanted;
    return bits;
  };
}

/** A number from ranges that are twice as wide after every 2 to the power of `log` codes. */
function readRange(read, code, log) {
  const extra = (code >> log) - 1;
  return extra < 0 ? code : (((code & ((1 << log) - 1)) | (1 << log)) << extra) + read(extra);
}

function readTrees(read) {
  const symbols = read(5) + 257;
  const count = symbols + read(5) + 1;
  const kinds = [];
  for (const place of "ghi08796a5b4c3d2e1f".slice(0, read(4) + 4)) kinds[Number.parseInt(place, 36)] = read(3);
  const tree = treeOf(kinds);
  const lengths = [];
  while (lengths.length < count) {
    const kind = decode(read, tree);
    const [bits, least, length] = [
      [2, 3, lengths.at(-1)],
      [3, 3, 0],
      [7, 11, 0],
    ][kind - 16] ?? [0, 1, kind];
    for (let times = least + read(bits); times--; ) lengths.push(length);
  }
  return [treeOf(lengths.slice(0, symbols)), treeOf(lengths.slice(symbols))];
}

const fixedTrees = () => {
  const lengths = [8, 9, 7, 8].flatMap((length, at) => Array([144, 112, 24, 8][at]).fill(length));
  return [treeOf(lengths), treeOf(Array(30).fill(5))];
};

/** By each code, with a 1 before it, its symbol plus 1. The codes follow from their lengths. */
function treeOf(lengths) {
  const tree = new Uint16Array(1 << 16);
  for (let length = 1, code = 0; length < 16; length++, code *= 2) {
    lengths.forEach((own, symbol) => {
      if (own === length) tree[(1 << length) | code++] = symbol + 1;
    });
  }
  return tree;
}

function decode(read, tree) {
  let code = 1;
  while (!tree[code]) code = code * 2 + read(1);
  return tree[code] - 1;
}

const END_OF_BLOCK = 256;
