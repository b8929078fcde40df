// What reads the package without running it: TypeScript, and the linters of packages.

import { source } from "../sources.mjs";

const STRICT = "--noEmit --strict --target es2022 --lib es2022,dom,esnext.disposable".split(" ");
const RESOLUTIONS = {
  bundler: ["--module", "esnext", "--moduleResolution", "bundler"],
  nodenext: ["--module", "nodenext", "--moduleResolution", "nodenext"],
  node10: ["--module", "esnext", "--moduleResolution", "node10"],
};

/** Compiles a file that uses the types of an entry, those of the package itself checked as well. */
const compiles = (resolution, file) => async (project, entry) => {
  project.write(file, source("types.ts", entry));
  await project.run("tsc", [...STRICT, ...RESOLUTIONS[resolution], file]);
};

const typescript = (name, tool, resolutions) => ({
  name,
  async prepare(project) {
    project.begin({ type: "module" });
    await project.install(tool);
  },
  uses: Object.fromEntries(
    resolutions.map((use) => {
      const [resolution, module] = use.split("-");
      return [use, compiles(resolution, module === "cjs" ? "use.cts" : "use.ts")];
    }),
  ),
});

/** A linter of packages, on the packed one. */
const linter = (name, tool, args) => ({
  name,
  entries: ["all"],
  async prepare(project) {
    project.begin();
    await project.install(tool);
  },
  uses: { "": (project) => project.run(name, args(project)).then(() => undefined) },
});

export const TYPES = [
  typescript("typescript-5.2", "typescript52", ["bundler", "nodenext", "nodenext-cjs", "node10"]),
  typescript("typescript-5.9", "typescript59", ["bundler", "nodenext", "nodenext-cjs", "node10"]),
  typescript("typescript-7", "typescript7", ["bundler", "nodenext", "nodenext-cjs"]),
  linter("publint", "publint", (project) => ["run", project.archive, "--strict"]),
  linter("attw", "attw", (project) => [
    project.archive,
    ...["--exclude-entrypoints", "steadfast.wasm", "core.wasm"], // they have no types
    ...["--no-color", "--no-emoji"],
  ]),
];
