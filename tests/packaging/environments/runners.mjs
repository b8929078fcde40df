// Runners of unit tests, in a document of jsdom.

import { source } from "../sources.mjs";

/** Writes a test of this entry and runs it. */
const unit = (file, [program, ...args], { env = {}, imports = "" } = {}) => {
  return async (project, entry, { server }) => {
    project.write(file, imports + source("unit.js", entry));
    await project.run(program, args, { SERVER: server, ...env });
  };
};

const vitest = (major) => ({
  name: `vitest-${major}`,
  node: "node22",
  async prepare(project) {
    project.begin({ type: "module" });
    await project.install(`vitest${major}`);
  },
  uses: {
    "": unit("echo.test.js", ["vitest", "run", "--environment", "jsdom"], {
      imports: 'import { expect, test } from "vitest";\n',
    }),
  },
});

/** Jest with modules as they are, for which Node needs a flag. */
const jestModules = (major) => ({
  name: `jest-${major}-esm`,
  async prepare(project) {
    project.begin({ type: "module", jest: { testEnvironment: "jsdom" } });
    await project.install(`jest${major}`);
  },
  uses: { "": unit("echo.test.js", ["jest"], { env: { NODE_OPTIONS: "--experimental-vm-modules --no-warnings" } }) },
});

/** Jest as most have it: tests are turned into CommonJS by Babel, and packages are left as they are. */
const jestBabel = (major) => ({
  name: `jest-${major}-babel`,
  async prepare(project) {
    project.begin({ jest: { testEnvironment: "jsdom" } });
    project.write("babel.config.json", { presets: [["@babel/preset-env", { targets: { node: "current" } }]] });
    await project.install(`jest${major}`, "babel");
  },
  uses: { "": unit("echo.test.js", ["jest"]) },
});

export const RUNNERS = [vitest("4"), vitest("5"), jestBabel("29"), jestModules("30"), jestBabel("30")];
