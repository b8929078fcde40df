// Where JavaScript runs outside of a bundler: a page with an import map, and Node, Deno and Bun.

import { html, source } from "../sources.mjs";
import { COPY_LINE } from "./bundlers.mjs";

const IMPORT_MAP = {
  imports: {
    steadfast: "/node_modules/steadfast/dist/index.js",
    "steadfast/core": "/node_modules/steadfast/dist/core.js",
    "steadfast/inline": "/node_modules/steadfast/dist/inline.js",
  },
};

const importMap = {
  name: "import-map",
  async prepare(project) {
    project.begin();
    project.write("index.html", html('type="module" src="page.js"', importMapElement()));
    await project.install();
  },
  uses: {
    "": async (project, entry, { visitFiles }) => {
      project.write("page.js", source("page.js", entry));
      return visitFiles(project.folder, { entry });
    },
  },
};

const importMapElement = () => `<script type="importmap">${JSON.stringify(IMPORT_MAP)}</script>`;

/** A file of the project, run by a program. */
const runs =
  (file, text, program = ["node"]) =>
  async (project, entry, { server, expectEcho }) => {
    project.write(file, text(entry));
    const [name, ...args] = program;
    await expectEcho(project.run(name, [...args, file, server]), entry);
  };

const module = runs("main.js", (entry) => source("program.js", entry));
const withWs = runs("main.js", (entry) => source("with-ws.js", entry));
const importing = runs("main.cjs", (entry) => asCommonJs(source("program.js", entry), "await import"));
const requiring = runs("main.cjs", (entry) => asCommonJs(source("program.js", entry), "require"));
const requiringWithWs = runs("main.cjs", (entry) => asCommonJs(source("program.js", entry), "require", WS));

const WS = '    webSocket: require("ws"),\n';

/** A program as a CommonJS file. */
function asCommonJs(text, load, options = "") {
  return text
    .replace(/^import (.*) from (.*);\n\n(.*\n)/, `$3  const $1 = ${load}($2);\n`)
    .replace("connect(process.argv[2], {\n", `$&${options}`);
}

const node = (major, uses, ...tools) => ({
  name: `node-${major}`,
  async prepare(project) {
    project.begin({ type: "module" });
    await project.install(`node${major}`, ...tools);
  },
  uses,
});

const bun = {
  name: "bun",
  node: "node22",
  async prepare(project) {
    project.begin({ type: "module" });
    await project.install("bun");
  },
  uses: {
    run: runs("main.js", (entry) => source("program.js", entry), ["bun", "run"]),
    "build-bun": buildAndRun("bun", "bun"),
    "build-node": buildAndRun("node", "node"),
    "build-browser": { check: buildAndVisit, line: COPY_LINE },
  },
};

async function buildAndVisit(project, entry, { visitFiles, addLine }) {
  project.write("main.js", source("page.js", entry));
  project.remove("dist");
  project.write("dist/index.html", html('type="module" src="main.js"'));
  await project.run("bun", ["build", "main.js", "--minify", "--splitting", "--outdir", "dist"]);
  await addLine();
  return visitFiles(project.at("dist"), { entry });
}

function buildAndRun(target, program) {
  return async (project, entry, { server, expectEcho }) => {
    project.write("main.js", source("program.js", entry));
    await project.run("bun", ["build", "main.js", "--target", target, "--outdir", "dist"]);
    await expectEcho(project.run(program, ["dist/main.js", server]), entry);
  };
}

const deno = {
  name: "deno",
  async prepare(project) {
    project.begin({ type: "module" });
    await project.install("deno");
  },
  uses: { "": runs("main.js", (entry) => source("program.js", entry), ["deno", "run", "--allow-net", "--allow-read"]) },
};

const webpackForNode = {
  name: "webpack-5-node",
  node: "node22",
  async prepare(project) {
    project.begin();
    await project.install("webpack5");
  },
  uses: {
    "": async (project, entry, { server, expectEcho }) => {
      project.write("src/index.js", source("program.js", entry));
      await project.run("webpack", ["--mode", "production", "--target", "node"]);
      await expectEcho(project.run("node", ["dist/main.js", server]), entry);
    },
  },
};

export const RUNTIMES = [
  importMap,
  node("20", { ws: withWs, require: requiringWithWs }, "ws"),
  node("22", { esm: module, import: importing, require: requiring }),
  node("24", { esm: module, import: importing, require: requiring }),
  deno,
  bun,
  webpackForNode,
];
