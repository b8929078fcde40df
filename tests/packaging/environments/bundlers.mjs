// Bundlers without a start template: the project that the documentation of each begins with.

import { freePort } from "../harness.mjs";
import { html, source } from "../sources.mjs";

const MODULE = 'type="module" src="bundle.js"';
const CLASSIC = 'defer src="bundle.js"';

/** A project of one script, bundled into the folder `dist`, whose page loads it. */
const bundling =
  (args) =>
  (program, script) =>
  async (project, entry, { visitFiles }) => {
    project.write("src/index.js", source("page.js", entry));
    project.remove("dist");
    project.write("dist/index.html", html(script));
    await project.run(program, args);
    return visitFiles(project.at("dist"), { entry });
  };

const esbuild = (format) => ["src/index.js", "--bundle", "--minify", `--format=${format}`, "--outfile=dist/bundle.js"];
const rollup = (...more) => [
  "src/index.js",
  ...["-p", "@rollup/plugin-node-resolve"],
  ...["-o", "dist/bundle.js"],
  ...more,
];
const webpack = (...more) => ["--output-filename", "bundle.js", ...more];

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
      production: bundling(webpack("--mode", "production"))("webpack", CLASSIC),
      development: bundling(webpack("--mode", "development"))("webpack", CLASSIC),
    },
  },
  {
    name: "rollup-4",
    ...empty("rollup4"),
    uses: {
      es: bundling(rollup("-f", "es"))("rollup", MODULE),
      iife: bundling(rollup("-f", "iife"))("rollup", CLASSIC),
    },
  },
  {
    name: "esbuild",
    ...empty("esbuild"),
    uses: {
      esm: bundling(esbuild("esm"))("esbuild", MODULE),
      iife: bundling(esbuild("iife"))("esbuild", CLASSIC),
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
