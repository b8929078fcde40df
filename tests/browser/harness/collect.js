// Garbage collection, where a test has to wait for it.

import { settled } from "./test.js";

/** Resolves when every one of `refs`, WeakRefs, has been collected: by the browser's test function where there is one, else under pressure. */
export async function collected(refs) {
  while (refs.some((ref) => ref.deref() !== undefined)) await collect();
}

/** One collection, or a good reason for one; afterwards finalizers have had their turn. */
export async function collect() {
  // What was dereferenced lives until the present task ends.
  await settled();
  if (globalThis.gc) globalThis.gc();
  else if (globalThis.TestUtils?.gc) await globalThis.TestUtils.gc();
  else pressure();
  await settled();
}

function pressure() {
  let chain = null;
  for (let at = 0; at < 100_000; at++) chain = { chain, at: [at] };
  return chain;
}
