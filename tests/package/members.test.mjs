// The published types and what exists at run time are the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const dist = (file) => new URL(`../../dist/${file}`, import.meta.url);
const read = (file) => readFileSync(fileURLToPath(dist(file)), "utf8");
const types = read("index.d.ts");
const ENTRIES = ["index.js", "inline.js", "core.js"];

/** The members that the declaration of a class, or of what its objects are, lists, without its constructor. */
function declaredMembers(name) {
  const [, body] = new RegExp(`export (?:class|interface) ${name}(?:<[^{]*>)? [^{]*\\{([\\s\\S]*?)\\n\\}`).exec(types);
  const code = body.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "");
  const names = [...code.matchAll(/^ {2}(?:readonly )?(?:\[(Symbol\.\w+)\]|(\w+))(?:<[^(]*>)?\??[:(]/gm)];
  return new Set(names.map(([, symbol, name]) => symbol ?? name).filter((member) => member !== "constructor"));
}

/** The members that objects of a class have. */
function existingMembers({ prototype }) {
  // Where the platform has no Symbol.dispose yet, a polyfill's description may be another.
  const nameOf = (key) => (key === Symbol.dispose ? "Symbol.dispose" : (key.description ?? key));
  const names = [prototype, Object.getPrototypeOf(prototype)].flatMap((level) => Reflect.ownKeys(level).map(nameOf));
  // What throws when it is set is no member: tests/browser/cases/options.js.
  return new Set(names.filter((member) => member !== "constructor" && !/^on(?!ce$)./.test(member)));
}

const codeOf = (act) => {
  try {
    act();
  } catch (error) {
    return error.code;
  }
};

test("importing the package needs no WebSocket, as on a server", async () => {
  for (const entry of ["index.js", "core.js"]) {
    const { Steadfast, SteadfastError } = await import(dist(entry));
    assert.throws(
      () => new Steadfast("ws://localhost/"),
      (error) => {
        return error instanceof SteadfastError && error.code === "NOT_READY";
      },
    );
  }
});

test("every exported value is declared, and every declared one exported", async () => {
  const declared = [...types.matchAll(/^export (?:declare )?(?:class|function|const) (\w+)/gm)].map(([, name]) => name);
  for (const entry of ENTRIES) {
    assert.deepEqual(Object.keys(await import(dist(entry))).sort(), [...new Set(declared)].sort(), entry);
  }
});

test("every member of Steadfast is declared, and every declared one exists", async () => {
  const { Steadfast } = await import(dist("inline.js"));
  const declared = declaredMembers("Steadfast");
  if (!Symbol.dispose) declared.delete("Symbol.dispose");
  assert.ok(declared.size > 15, "the declaration was found");
  assert.deepEqual([...existingMembers(Steadfast)].sort(), [...declared].sort());
});

test("core has the members of Steadfast but snapshot(), and the same errors", async () => {
  const { Steadfast, SteadfastError } = await import(dist("core.js"));
  const full = await import(dist("inline.js"));
  const members = existingMembers(full.Steadfast);
  members.delete("snapshot");
  assert.deepEqual([...existingMembers(Steadfast)].sort(), [...members].sort());
  assert.equal(SteadfastError, full.SteadfastError);
});

test("core has a module of its own, and refuses state", async () => {
  const { ready, Steadfast } = await import(dist("core.js"));
  await import(dist("inline.js"));
  const make = (options) => new Steadfast("ws://localhost/", { autoConnect: false, webSocket: class {}, ...options });
  assert.equal(codeOf(make), "NOT_READY", "the module of the other entry is not its own");
  await ready(readFileSync(fileURLToPath(dist("wasm/steadfast_core_bg.wasm"))));
  for (const state of [{ snapshot: { capture: () => 1 } }, { snapshot: false }, { queue: { persist: "x" } }]) {
    assert.equal(
      codeOf(() => make({ session: true, ...state })),
      "INVALID_OPTION",
    );
  }
  for (const session of [false, true]) make({ session }).close();
});

test("every declared member of SteadfastError exists", async () => {
  const { SteadfastError } = await import(dist("inline.js"));
  const error = new SteadfastError("CLOSED", "words", "id", "cause");
  for (const member of declaredMembers("SteadfastError")) assert.ok(member in error, member);
});

test("every declared event can be listened to, and no other", async () => {
  const { Steadfast } = await import(dist("inline.js"));
  const [, body] = /export interface Events[^{]*\{([\s\S]*?)\n\}/.exec(read("events.d.ts"));
  const declared = [...body.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);
  const client = new Steadfast("ws://localhost/", { autoConnect: false, webSocket: class {} });
  for (const event of declared) client.on(event, () => {});
  let known = "";
  try {
    client.on("no such event", () => {});
  } catch (error) {
    known = error.message;
  }
  assert.deepEqual(
    known.split(/[^\w]+/).filter((word) => declared.includes(word)).length >= declared.length,
    true,
    known,
  );
  client.close();
});
