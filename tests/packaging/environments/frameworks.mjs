// Frameworks that render on the server first: importing the package there has to be harmless.

import { freePort } from "../harness.mjs";
import { ENTRIES, source } from "../sources.mjs";
import { TEMPLATES } from "../versions.mjs";

/** One page for each entry. */
const PAGES = { steadfast: "", "steadfast/core": "core", "steadfast/inline": "inline" };

function writePages(project, name, fileOf) {
  for (const entry of ENTRIES) project.write(fileOf(PAGES[entry]), source(name, entry));
}

/** Opens the entry's page on a server that `start` starts. */
const served =
  (start) =>
  async (project, entry, { visit }) => {
    const server = await start(project);
    return visit(server.url, { entry, pathname: `/${PAGES[entry]}` }).finally(server.close);
  };

/** The same, after a build that serves all entries; its bytes are those of the framework and the page together. */
const built = (build, start) => async (project, entry, tools) => {
  await project.once(build);
  return served(start)(project, entry, tools);
};

const unmeasured =
  (check) =>
  async (...args) => {
    await check(...args);
  };

const NEXT_TEMPLATE =
  "FOLDER --yes --js --app --empty --no-tailwind --no-eslint --no-src-dir --skip-install --use-npm --disable-git";

const next = {
  name: "next-16",
  async prepare(project) {
    await project.create(TEMPLATES.next16, NEXT_TEMPLATE.split(" "));
    writePages(project, "next.js", (page) => `app/${page}/page.js`);
    await project.install("next16");
  },
  uses: {
    build: built(
      (project) => project.run("next", ["build"]),
      async (project) => project.serve("next", ["start", "--port", await freePort()]),
    ),
    webpack: built(
      (project) => project.run("next", ["build", "--webpack"]),
      async (project) => project.serve("next", ["start", "--port", await freePort()]),
    ),
    dev: unmeasured(served(async (project) => project.serve("next", ["dev", "--port", await freePort()]))),
  },
};

const NUXT_CONFIG = 'export default defineNuxtConfig({ compatibilityDate: "2025-07-15", telemetry: false });\n';

/** Its template is not in a package: the files are those of its minimal one. */
const nuxt = {
  name: "nuxt-4",
  ownWarnings: [/css\.devSourcemap option is deprecated/],
  node: "node22",
  async prepare(project) {
    project.begin({ type: "module", private: true });
    project.write("nuxt.config.ts", NUXT_CONFIG);
    project.write("app/app.vue", "<template>\n  <NuxtPage />\n</template>\n");
    writePages(project, "nuxt-app.vue", (page) => `app/pages/${page || "index"}.vue`);
    await project.install("nuxt4");
  },
  uses: {
    build: built(
      (project) => project.run("nuxt", ["build"]),
      async (project) =>
        project.serve("node", [".output/server/index.mjs"], { HOST: "127.0.0.1", PORT: await freePort() }),
    ),
    dev: unmeasured(
      served(async (project) =>
        project.serve("nuxt", ["dev", "--port", await freePort()], { ready: /Nitro server built/ }),
      ),
    ),
  },
};

const KIT_TEMPLATE = "create FOLDER --template minimal --no-types --no-add-ons --no-install";

const svelteKit = {
  name: "sveltekit-2",
  async prepare(project) {
    await project.create(TEMPLATES.sveltekit, KIT_TEMPLATE.split(" "));
    writePages(project, "kit.svelte", (page) => `src/routes/${page}/+page.svelte`);
    await project.install("sveltekit");
  },
  uses: {
    build: built(
      (project) => project.run("vite", ["build"]),
      async (project) => project.serve("vite", ["preview", "--port", await freePort()]),
    ),
    dev: unmeasured(served(async (project) => project.serve("vite", ["dev", "--port", await freePort()]))),
  },
};

export const FRAMEWORKS = [next, nuxt, svelteKit];
