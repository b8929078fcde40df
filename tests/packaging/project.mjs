// A project of somebody who uses the package: a folder outside the repository, with the tools and the packed package.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { command, serve } from "./processes.mjs";
import { TOOLS } from "./versions.mjs";

const NPM_INSTALL = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
const NPX = ["--yes", "--prefer-offline", "--loglevel=error"];

export class Project {
  /** What its tools have printed since this was last emptied. */
  printed = "";
  #done = new Map();

  /** `archive`: the packed package. `nodeFolder`: where the Node lies that runs the tools, when it is not this one. */
  constructor(folder, { archive, nodeFolder }) {
    this.folder = folder;
    this.archive = archive;
    this.nodeFolder = nodeFolder;
    mkdirSync(folder, { recursive: true });
  }

  at(...names) {
    return path.join(this.folder, ...names);
  }

  has(name) {
    return existsSync(this.at(name));
  }

  read(name) {
    return readFileSync(this.at(name), "utf8");
  }

  write(name, text) {
    mkdirSync(path.dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), typeof text === "string" ? text : `${JSON.stringify(text, null, 2)}\n`);
  }

  remove(name) {
    rmSync(this.at(name), { recursive: true, force: true });
  }

  /** What `npm init` makes, unless there is a package.json. */
  begin(facts = {}) {
    if (!this.has("package.json")) this.write("package.json", { name: "fresh", version: "1.0.0", ...facts });
  }

  /** Makes the project as `npm create` does, with the template of a pinned package; `FOLDER` stands for its folder. */
  async create(template, args) {
    rmSync(this.folder, { recursive: true });
    const creating = [...NPX, template, ...args.map((arg) => (arg === "FOLDER" ? path.basename(this.folder) : arg))];
    await command("npx", creating, path.dirname(this.folder), { env: this.env({ CI: "1" }) });
  }

  /** Installs what the project names, and the package and the named tools beside it. */
  async install(...tools) {
    await this.#npmInstall([this.archive, ...specsOf(tools)]);
  }

  /** Installs the named tools without the package. */
  installOnly(...tools) {
    return this.#npmInstall(specsOf(tools));
  }

  /** Runs an installed program; resolves with its standard output. */
  run(program, args = [], env = {}) {
    return command(this.#installed(program), args, this.folder, { env: this.env(env), onPrinted: this.#keep });
  }

  /** Starts an installed server; resolves with its `url` and `close` when it has printed its address and `ready`. */
  serve(program, args = [], { ready, ...env } = {}) {
    const options = { env: this.env(env), onPrinted: this.#keep, ready };
    return serve(this.#installed(program), args, this.folder, options);
  }

  /** Does `work` at its first call; what its tools printed counts at every one. */
  async once(work) {
    if (!this.#done.has(work)) {
      this.#done.set(
        work,
        work(this).then(() => this.printed),
      );
    }
    this.printed = await this.#done.get(work);
  }

  env(more = {}) {
    const folders = [this.nodeFolder, process.env.PATH].filter(Boolean);
    return { PATH: folders.join(path.delimiter), ...QUIET, ...more };
  }

  #npmInstall(specs) {
    return command("npm", [...NPM_INSTALL, ...specs], this.folder, { env: this.env() });
  }

  #installed(program) {
    const own = this.at("node_modules/.bin", program);
    return existsSync(own) ? own : program;
  }

  #keep = (text) => {
    this.printed += text;
  };
}

const specsOf = (tools) => tools.flatMap((tool) => TOOLS[tool]);

/** Tools that count their users ask the network for it. */
const QUIET = { NEXT_TELEMETRY_DISABLED: "1", NUXT_TELEMETRY_DISABLED: "1", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
