// The packed package: what is in it, and that it works in projects that know nothing of this repository.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { filesIn } from "../../scripts/lib/fingerprint.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import {
  command,
  echoServer,
  echoShown,
  fileServer,
  installProject,
  launchBrowser,
  pack,
  temporaryFolder,
  typeCompiler,
  viteServer,
} from "./harness.mjs";

describe("the packed package", () => {
  const temporary = temporaryFolder();
  let packed;
  let webpack;
  let vite;
  let browser;
  let echo;

  before(async () => {
    packed = await pack(temporary.folder);
    webpack = await installProject("webpack", temporary.folder, packed.archive);
    vite = await installProject("vite", temporary.folder, packed.archive);
    echo = await echoServer();
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await echo?.close();
    temporary.remove();
  });

  const pageUrl = (site, page) => `${site}/${page}?server=${encodeURIComponent(echo.url)}`;

  /** Opens the pages of a built project: each shows its echo without a complaint, and fetches the wasm unless it has it inside. */
  async function allPagesWork(folder, expected) {
    const files = await fileServer(folder);
    try {
      for (const [page, fetched] of Object.entries({ "index.html": 1, "core.html": 1, "inline.html": 0 })) {
        files.asked.length = 0;
        const shown = await echoShown(browser, pageUrl(files.url, page));
        assert.deepEqual(shown, { echo: expected, complaints: [] }, page);
        assert.equal(files.asked.filter((name) => name.endsWith(".wasm")).length, fetched, page);
      }
    } finally {
      await files.close();
    }
  }

  test("holds the entries with their types and the licences", () => {
    for (const wanted of [
      "package.json",
      "LICENSE-MIT",
      "LICENSE-APACHE",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/core.js",
      "dist/core.d.ts",
      "dist/inline.js",
      "dist/inline.d.ts",
      "dist/wasm/steadfast_bg.wasm",
      "dist/wasm/steadfast_core_bg.wasm",
    ]) {
      assert.ok(packed.files.includes(wanted), `${wanted} is missing`);
    }
  });

  test("holds nothing but the package", () => {
    const allowed =
      /^(package\.json|[A-Z-]+(\.md)?|dist\/([\w-]+\/)*[\w-]+\.(js|wasm)|dist\/([\w-]+\/)*[\w-]+\.d\.ts)$/;
    assert.deepEqual(
      packed.files.filter((file) => !allowed.test(file)),
      [],
    );
    assert.ok(!packed.files.some((file) => /^dist\/wasm\/.*\.d\.ts$/.test(file)), "the glue's types are not public");
  });

  test("names no folder of the machine that built it", () => {
    const folders = [root, os.homedir()].filter((folder) => folder.length > 1);
    for (const file of filesIn(path.join(webpack, "node_modules/steadfast"))) {
      const text = readFileSync(file, "latin1");
      for (const folder of folders) assert.ok(!text.includes(folder), `${path.basename(file)} names ${folder}`);
    }
  });

  test("works in a fresh webpack 5 project", async () => {
    const printed = await command("npm", ["run", "build"], webpack);
    assert.doesNotMatch(printed, /warning/i);
    await allPagesWork(webpack, "sent by webpack");
  });

  test("works in a fresh Vite project", async () => {
    const printed = await command("npm", ["run", "build"], vite);
    assert.doesNotMatch(printed, /warning/i);
    await allPagesWork(path.join(vite, "dist"), "sent by Vite");
  });

  test("works in Vite's development server", async () => {
    const server = await viteServer(vite);
    try {
      for (const page of ["index.html", "core.html", "inline.html"]) {
        const shown = await echoShown(browser, pageUrl(server.url, page));
        assert.deepEqual(shown, { echo: "sent by Vite", complaints: [] }, page);
      }
    } finally {
      await server.close();
    }
  });

  for (const entry of ["steadfast", "steadfast/core", "steadfast/inline"]) {
    test(`${entry} can be imported where there is no WebSocket`, async () => {
      const script = `
        delete globalThis.WebSocket;
        const { Steadfast, SteadfastError } = await import("${entry}");
        console.log(typeof Steadfast, typeof SteadfastError);`;
      const printed = await command(process.execPath, ["--input-type=module", "--eval", script], vite);
      assert.equal(printed.trim(), "function function");
    });
  }

  for (const [module, resolution] of [
    ["esnext", "bundler"],
    ["nodenext", "nodenext"],
  ]) {
    test(`TypeScript finds the types with moduleResolution ${resolution}`, async () => {
      const lines = [
        'import { connect, type Steadfast } from "steadfast";',
        'import { connect as connectCore, type Steadfast as Core } from "steadfast/core";',
        'import { Steadfast as Inline } from "steadfast/inline";',
        'export const first: Promise<Steadfast> = connect("wss://example.org");',
        'export const second: Inline = new Inline("wss://example.org");',
        'export const third: Promise<Core> = connectCore("wss://example.org");',
      ];
      writeFileSync(path.join(vite, "use.ts"), lines.join("\n"));
      const options = ["--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", module];
      await command(
        process.execPath,
        [typeCompiler, ...options, "--moduleResolution", resolution, "--noEmit", "use.ts"],
        vite,
      );
    });
  }
});
