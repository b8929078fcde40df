import assert from "node:assert/strict";
import { test } from "node:test";
import binaryen from "binaryen";
import { byCrate, crateOf, measureModule } from "../lib/wasm-sizes.mjs";

function moduleOf(text, { names = true } = {}) {
  const module = binaryen.parseText(text);
  binaryen.setDebugInfo(names);
  try {
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

const TEXT = `(module
  (import "env" "memory" (memory 1 2))
  (import "env" "log" (func $log (param i32)))
  (import "env" "base" (global $base i32))
  (func $engine::large (param i32) (result i32)
    (call $log (local.get 0))
    (call $log (i32.const 1))
    (i32.add (local.get 0) (i32.const 100000)))
  (func $engine::small (result i32) (i32.const 1))
  (export "large" (func $engine::large))
  (export "small" (func $engine::small)))`;

test("functions are listed by name, the largest first, imports left out", () => {
  const { functions } = measureModule(moduleOf(TEXT));
  assert.deepEqual(
    functions.map(({ name }) => name),
    ["engine::large", "engine::small"],
  );
  assert.ok(functions[0].bytes > functions[1].bytes);
  assert.equal(functions[1].bytes, 4); // no locals, i32.const 1, end
});

test("the sections add up to the whole module", () => {
  const module = moduleOf(TEXT);
  const { sections } = measureModule(module);
  const contents = Object.values(sections).reduce((sum, bytes) => sum + bytes, 0);
  const heads = Object.keys(sections).length * 2; // an id and a length below 128 each
  assert.equal(8 + contents + heads, module.length);
});

test("a module without names still has its sizes", () => {
  const { functions } = measureModule(moduleOf(TEXT, { names: false }));
  assert.deepEqual(
    functions.map((f) => f.name),
    ["function 1", "function 2"],
  );
});

test("a function belongs to the crate its name begins with", () => {
  assert.equal(crateOf("core::fmt::write"), "core");
  assert.equal(crateOf("<steadfast_engine::outbox::Outbox<P> as core::fmt::Debug>::fmt"), "steadfast_engine");
  assert.equal(crateOf("<&dyn alloc::Thing as x::Y>::z"), "alloc");
  assert.equal(crateOf("__wbindgen_malloc"), "other");
  assert.deepEqual(
    byCrate([
      { name: "a::b", bytes: 2 },
      { name: "c::d", bytes: 5 },
      { name: "a::e", bytes: 1 },
    ]),
    [
      { name: "c", bytes: 5 },
      { name: "a", bytes: 3 },
    ],
  );
});
