// Bundlers without a start template: the project that the documentation of each begins with.

import { freePort } from "../harness.mjs";
import { html, source } from "../sources.mjs";

const MODULE = 'type="module" src="index.js"';
const CLASSIC = 'defer src="index.js"';

/** What the README says for bundlers that leave the module where it is. */
export const COPY_LINE = "cp -r node_modules/steadfast/dist/wasm dist/";

/** A project of one script that a program bundles into the folder `dist`, with a page that loads it as `script` says. */
function bundling(script, [program, ...args]) {
  return async (project, entry, { visitFiles, addLine }) => {
    project.write("src/index.js", source("page.js", entry));
    project.remove("dist");
    project.write("dist/index.html", html(script));
    await project.run(program, args);
    await addLine();
    return visitFiles(project.at("dist"), { entry });
  };
}

const esbuild = (format) => ["esbuild", "src/index.js", "--bundle", "--minify", `--format=${format}`, "--outdir=dist"];
const rollup = (...output) => ["rollup", "src/index.js", "-p", "@rollup/plugin-node-resolve", ...output];
const webpack = (mode) => ["webpack", "--mode", mode, "--output-filename", "index.js"];

const empty = (...tools) => ({
  async prepare(project) {
    project.begin();
    await project.install(...tools);
  },
});

export const BUNDLERS = [
  {
    name: "webpack-5",
    ...empty("webpack5"),
    uses: {
      production: bundling(CLASSIC, webpack("production")),
      development: bundling(CLASSIC, webpack("development")),
    },
  },
  {
    name: "rollup-4",
    ...empty("rollup4"),
    uses: { es: { check: bundling(MODULE, rollup("-d", "dist")), line: COPY_LINE } },
  },
  {
    // In one script, which Rollup makes only of what imports nothing on demand.
    name: "rollup-4-iife",
    entries: ["steadfast/inline"],
    ...empty("rollup4"),
    uses: { "": bundling(CLASSIC, rollup("-f", "iife", "-o", "dist/index.js")) },
  },
  {
    name: "esbuild",
    ...empty("esbuild"),
    uses: {
      esm: { check: bundling(MODULE, esbuild("esm")), line: COPY_LINE },
      splitting: { check: bundling(MODULE, [...esbuild("esm"), "--splitting"]), line: COPY_LINE },
      iife: bundling(CLASSIC, esbuild("iife")),
    },
  },
  {
    name: "parcel-2",
    ...empty("parcel2"),
    uses: {
      async build(project, entry, { visitFiles }) {
        useInParcel(project, entry);
        await project.run("parcel", ["build", "src/index.html", "--no-cache"]);
        return visitFiles(project.at("dist"), { entry });
      },
      async dev(project, entry, { visit }) {
        useInParcel(project, entry);
        const server = await project.serve("parcel", ["src/index.html", "--no-cache", "--port", await freePort()]);
        return visit(server.url, { entry }).finally(server.close);
      },
    },
  },
];

function useInParcel(project, entry) {
  project.remove("dist");
  project.write("src/index.html", html('type="module" src="index.js"'));
  project.write("src/index.js", source("page.js", entry));
}
