// The packed package: what is in it, and that it works in some of the projects of `npm run packages`, one of each kind.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { filesIn } from "../../scripts/lib/fingerprint.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { attempt, openWorkshop, usesOf } from "./attempt.mjs";
import { ENVIRONMENTS } from "./environments/index.mjs";
import { pack, temporaryFolder } from "./harness.mjs";
import { command } from "./processes.mjs";
import { ENTRIES } from "./sources.mjs";

const QUICK = [
  "webpack-5-production",
  "vite-7-dev",
  "esbuild-iife",
  "node-20-ws",
  "jest-30-babel",
  "typescript-5.2-node10",
  "publint",
];

describe("the packed package", () => {
  const temporary = temporaryFolder();
  const unpacked = path.join(temporary.folder, "package");
  let packed;
  let workshop;

  before(async () => {
    packed = await pack(temporary.folder);
    await command("tar", ["xzf", packed.archive, "-C", temporary.folder], temporary.folder);
    workshop = await openWorkshop({ archive: packed.archive });
  });

  after(async () => {
    await workshop?.close();
    temporary.remove();
  });

  test("says where it comes from, and where to report what is wrong with it", () => {
    const { repository, homepage, bugs } = JSON.parse(readFileSync(path.join(unpacked, "package.json"), "utf8"));
    for (const address of [repository.url, homepage, bugs.url ?? bugs])
      assert.match(address, /^(git\+)?https:\/\/\S+$/);
  });

  test("holds every file that its package.json names, and the licences", () => {
    const facts = JSON.parse(readFileSync(path.join(unpacked, "package.json"), "utf8"));
    const named = JSON.stringify([facts.main, facts.types, facts.exports]).match(/\.\/[^"]*\.\w+/g);
    const targets = named.filter((name) => name.startsWith("./dist/")).map((name) => name.slice(2));
    assert.ok(targets.length > 10, "the names were found");
    for (const wanted of [...targets, "package.json", "LICENSE-MIT", "LICENSE-APACHE"]) {
      assert.ok(packed.files.includes(wanted), `${wanted} is missing`);
    }
  });

  test("holds nothing but the package", () => {
    const scripts = String.raw`dist/([\w-]+/)*[\w-]+\.(js|cjs|wasm|d\.ts|d\.cts)`;
    const atRoot = String.raw`(core|inline)\.(js|d\.ts)|(core|steadfast)\.wasm`; // for who does not read "exports"
    const allowed = new RegExp(String.raw`^(package\.json|[A-Z-]+(\.md)?|${atRoot}|${scripts})$`);
    assert.deepEqual(
      packed.files.filter((file) => !allowed.test(file)),
      [],
    );
    assert.ok(!packed.files.some((file) => /^dist\/wasm\/.*\.d\.ts$/.test(file)), "the glue's types are not public");
  });

  test("names no folder of the machine that built it", () => {
    const folders = [root, os.homedir(), os.tmpdir()].filter((folder) => folder.length > 1);
    const files = filesIn(unpacked);
    assert.ok(files.length > 40, "the files were found");
    for (const file of files) {
      const text = readFileSync(file, "latin1");
      for (const folder of folders) assert.ok(!text.includes(folder), `${path.basename(file)} names ${folder}`);
    }
  });

  for (const entry of ENTRIES) {
    for (const load of ["await import", 'require("node:module").createRequire(process.cwd() + "/use.js")']) {
      test(`${entry} can be had by ${load} where there is no WebSocket`, async () => {
        const script = `
          delete globalThis.WebSocket;
          (async () => {
            const { Steadfast, SteadfastError } = ${load}("${entry}");
            console.log(typeof Steadfast, typeof SteadfastError);
          })();`;
        // A package finds itself by its own name.
        const printed = await command(process.execPath, ["--eval", script], unpacked);
        assert.equal(printed.trim(), "function function");
      });
    }
  }

  describe("works", { concurrency: 2 }, () => {
    for (const name of QUICK) {
      const environment = ENVIRONMENTS.find((one) => usesOf(one).some((use) => use.name === name));
      test(`in ${name}`, async () => {
        const rows = await attempt(environment, workshop, (use) => use === name);
        assert.ok(rows.length > 0);
        for (const { entry, works, why } of rows) assert.ok(works, `${entry}: ${why}`);
      });
    }
  });
});
