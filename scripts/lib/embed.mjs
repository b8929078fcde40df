// A WebAssembly module as text inside JavaScript, in the form that npm/inflate.js reads.

import { execFileSync } from "node:child_process";
import { inflate } from "../../npm/inflate.js";

/** A JavaScript module, to lie in a folder of the package, whose default export makes the bytes of `module`. */
export function moduleWithText(module) {
  const text = textOf(deflated(module));
  if (!module.equals(inflate(text, module.length))) throw new Error("npm/inflate.js does not read what gzip wrote");
  return `import { inflate } from "../inflate.js";\n\nexport default () => inflate("${text}", ${module.length});\n`;
}

/** By gzip, without its header and trailer: Node's own zlib is tuned for speed and leaves more. */
function deflated(bytes) {
  return execFileSync("gzip", ["-9", "--no-name", "--stdout"], { input: bytes }).subarray(10, -8);
}

/** Six bits a character: unlike base64, with the lowest first, which is the order that deflate reads them in. */
export function textOf(bytes) {
  let text = "";
  let held = 0;
  let count = 0;
  const write = () => {
    const code = (held & 63) + 40;
    text += String.fromCharCode(code < BACKSLASH ? code : code + 1);
    held >>= 6;
    count -= 6;
  };
  for (const byte of bytes) {
    held |= byte << count;
    for (count += 8; count >= 6; ) write();
  }
  if (count > 0) write();
  return text;
}

const BACKSLASH = 92;
