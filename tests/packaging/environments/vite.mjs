// Vite, by the vanilla template of each major version.

import { source } from "../sources.mjs";
import { TEMPLATES } from "../versions.mjs";

export const VITE = ["5", "6", "7", "8"].map((major) => ({
  name: `vite-${major}`,
  async prepare(project) {
    await project.create(TEMPLATES[`vite${major}`], ["FOLDER", "--template", "vanilla"]);
    await project.install(`vite${major}`);
  },
  uses: { dev: develop, build: buildAndVisit },
}));

async function develop(project, entry, { visit }) {
  use(project, entry);
  project.remove("node_modules/.vite");
  const server = await project.serve("vite", ["--host", "127.0.0.1", "--port", "0"]);
  return visit(server.url, { entry })
    .then(() => undefined)
    .finally(server.close);
}

async function buildAndVisit(project, entry, { visitFiles }) {
  use(project, entry);
  await project.run("vite", ["build"]);
  return visitFiles(project.at("dist"), { entry });
}

function use(project, entry) {
  project.write(project.has("main.js") ? "main.js" : "src/main.js", source("page.js", entry));
}
