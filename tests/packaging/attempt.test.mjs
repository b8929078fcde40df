// What makes an environment fail, and how the result says it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { attempt, attemptAll, usesOf, warningIn } from "./attempt.mjs";
import { COPY_LINE } from "./environments/bundlers.mjs";
import { ENVIRONMENTS } from "./environments/index.mjs";
import { temporaryFolder } from "./harness.mjs";
import { command } from "./processes.mjs";
import { asTable } from "./table.mjs";

const temporary = temporaryFolder();
const workshop = {
  folder: temporary.folder,
  archive: "",
  echo: { url: "ws://none/" },
  browser: null,
  nodes: new Map(),
};
after(temporary.remove);

const environment = (check, facts) => ({
  name: "made-up",
  entries: ["steadfast"],
  prepare() {},
  uses: { "": check },
  ...facts,
});

test("what a use throws is why it does not work", async () => {
  const rows = await attempt(
    environment(() => {
      throw new Error("no echo");
    }),
    workshop,
  );
  assert.deepEqual(rows, [{ environment: "made-up", entry: "steadfast", works: false, why: "no echo", printed: "" }]);
});

test("a project that cannot be set up fails each of its uses", async () => {
  const uses = { dev() {}, build() {} };
  const prepare = () => Promise.reject(new Error("no such version"));
  const rows = await attempt(environment(null, { uses, prepare }), workshop);
  assert.deepEqual(
    rows.map((row) => [row.environment, row.works, row.why]),
    [
      ["made-up-dev", false, "not set up: no such version"],
      ["made-up-build", false, "not set up: no such version"],
    ],
  );
});

test("a warning of a tool is a failure, unless its template causes it", async () => {
  const check = (project) => project.run("sh", ["-c", "echo 'WARN  something is amiss'"]).then(() => undefined);
  const [refused] = await attempt(environment(check), workshop);
  assert.equal(refused.why, "warns: WARN  something is amiss");
  const [accepted] = await attempt(environment(check, { ownWarnings: [/amiss/] }), workshop);
  assert.equal(accepted.works, true);
});

test("words that only look like warnings are none", () => {
  assert.equal(warningIn("✓ built\nℹ Vite server warmed up\nforwarding"), undefined);
});

test("what works only with the README's line says so; a line that is not there is a failure", async () => {
  const check = async (project, _entry, { addLine }) => {
    project.write("node_modules/steadfast/dist/wasm/module.wasm", "");
    project.write("dist/index.html", "");
    await addLine();
    if (!project.has("dist/wasm/module.wasm")) throw new Error("untouched");
  };
  const [row] = await attempt(environment({ check, line: COPY_LINE }), workshop);
  assert.deepEqual([row.works, row.line], [true, COPY_LINE]);
  const [none] = await attempt(environment({ check, line: "rm nothing" }), workshop);
  assert.equal(none.why, "the README does not give the line rm nothing");
});

test("only what is wanted is tried, and all of that", async () => {
  const made = (name) => environment(() => {}, { name });
  const done = [];
  const rows = await attemptAll([made("first"), made("second"), made("third")], workshop, {
    isWanted: (use) => use !== "second",
    atOnce: 2,
    onDone: ({ name }) => done.push(name),
  });
  assert.deepEqual(
    rows.map((row) => row.environment),
    ["first", "third"],
  );
  assert.deepEqual(done.sort(), ["first", "third"]);
});

test("a program that takes too long is ended", async () => {
  const hanging = command("sh", ["-c", "sleep 60"], temporary.folder, { deadlineMs: 200 });
  await assert.rejects(hanging, /was not done after 0\.2 s/);
});

test("the table has a row for each", () => {
  const rows = [
    { environment: "vite-7-dev", entry: "steadfast", works: true },
    { environment: "esbuild-esm", entry: "steadfast/core", works: true, gzippedBytes: 26_123, line: "cp a b" },
    { environment: "jest", entry: "steadfast", works: false, why: "a | b" },
  ];
  assert.equal(
    asTable(rows),
    [
      "| environment | entry          | gzipped bytes | works |",
      "| ----------- | -------------- | ------------: | ----- |",
      "| vite-7-dev  | steadfast      |               | yes   |",
      "| esbuild-esm | steadfast/core |        26,123 | with `cp a b` |",
      "| jest        | steadfast      |               | **no**: a \\| b |",
    ].join("\n"),
  );
});

test("every name is of one environment, and every template and tool is pinned", () => {
  const names = ENVIRONMENTS.flatMap(usesOf).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const versions = readFileSync(new URL("versions.mjs", import.meta.url), "utf8");
  const specs = versions.match(/"[^"]*"/g);
  assert.ok(specs.length > 30);
  for (const spec of specs) assert.match(spec, /^"(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+"$/);
});
