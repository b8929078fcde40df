// One environment: a fresh project, and every use of it with every entry; each becomes a row of the result.

import { readFileSync } from "node:fs";
import path from "node:path";
import { at } from "../../scripts/lib/paths.mjs";
import { echoServer, fileServer, launchBrowser, openPage, pack, temporaryFolder } from "./harness.mjs";
import { endAll } from "./processes.mjs";
import { Project } from "./project.mjs";
import { ENTRIES } from "./sources.mjs";

const readme = readFileSync(at("README.md"), "utf8");

/** What all environments share: the packed package, the browser and the echo server. To be closed at the end. */
export async function openWorkshop({ archive } = {}) {
  const temporary = temporaryFolder();
  const workshop = {
    folder: temporary.folder,
    archive: archive ?? (await pack(temporary.folder)).archive,
    echo: await echoServer(),
    browser: await launchBrowser(),
    nodes: new Map(),
  };
  workshop.close = async () => {
    await workshop.browser.close();
    await workshop.echo.close();
    endAll();
    temporary.remove();
  };
  return workshop;
}

/** The uses of an environment, each with its full `name`: that of the environment, and its own where there are several. */
export function usesOf(environment) {
  return Object.entries(environment.uses).map(([name, use]) => ({
    name: name === "" ? environment.name : `${environment.name}-${name}`,
    ...(typeof use === "function" ? { check: use } : use),
  }));
}

/** Tries what is wanted of all environments, `atOnce` of them at a time; the rows are in the order of the list. */
export async function attemptAll(environments, workshop, { isWanted, atOnce, onDone }) {
  const waiting = environments.filter((environment) => usesOf(environment).some(({ name }) => isWanted(name)));
  const results = waiting.map(() => []);
  let next = 0;
  const work = async () => {
    while (next < waiting.length) {
      const index = next++;
      const started = performance.now();
      results[index] = await attempt(waiting[index], workshop, isWanted);
      onDone(waiting[index], results[index], performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results.flat();
}

/** Tries the uses of an environment that are wanted; resolves with one row for each of them and each entry. */
export async function attempt(environment, workshop, isWanted = () => true) {
  const { name, entries = ENTRIES } = environment;
  const uses = usesOf(environment).filter((use) => isWanted(use.name));
  const rowsOf = (use) => entries.map((entry) => ({ environment: use.name, entry }));
  const project = new Project(path.join(workshop.folder, name), {
    archive: workshop.archive,
    nodeFolder: await nodeFolder(environment.node, workshop),
  });
  try {
    await environment.prepare(project);
    const rows = [];
    for (const use of uses)
      for (const row of rowsOf(use)) rows.push(await tryUse(use, row, { environment, project, workshop }));
    return rows;
  } catch (error) {
    return uses.flatMap(rowsOf).map((row) => ({ ...row, works: false, why: `not set up: ${reason(error)}` }));
  } finally {
    project.remove(".");
  }
}

/** Tries it as it is, and where that does not work with the line of the README that is for it. */
async function tryUse({ check, line }, row, { environment, project, workshop }) {
  const tryWith = async (applied) => {
    project.printed = "";
    const { gzippedBytes } = (await check(project, row.entry, toolsFor(workshop, project, applied))) ?? {};
    const warning = warningIn(project.printed, environment.ownWarnings);
    if (warning) throw new Error(`warns: ${warning}`);
    return { ...row, gzippedBytes, works: true, line: applied };
  };
  try {
    if (!line) return await tryWith();
    return await tryWith().catch(() => {
      if (!readme.includes(`\`${line}\``)) throw new Error(`the README does not give the line ${line}`);
      return tryWith(line);
    });
  } catch (error) {
    return { ...row, works: false, why: reason(error), printed: project.printed };
  }
}

/** The first warning that a tool printed and that its own template does not cause. */
export function warningIn(printed, ownWarnings = []) {
  const others = [/PLUGIN_TIMINGS/, ...ownWarnings]; // Rolldown's, of a machine that has much to do
  const lines = printed.split("\n");
  const found = lines.findIndex(
    (line) => /\bwarn(ing)?s?\b|⚠/i.test(line) && !others.some((other) => other.test(line)),
  );
  return found < 0
    ? undefined
    : lines
        .slice(found, found + 4)
        .join(" ")
        .trim();
}

/** What a use does with what it has made: pages to open, programs to run, the README's line to add. */
function toolsFor({ browser, echo }, project, line) {
  const visit = async (url, { pathname = "/", entry }) => {
    const page = await openPage(browser, `${url}${pathname}?server=${encodeURIComponent(echo.url)}`);
    if (page.complaints.length > 0) throw new Error(page.complaints.join(" | "));
    if (page.echo !== entry) throw new Error(`the page shows ${page.echo ?? "no echo"}`);
    return page;
  };
  return {
    server: echo.url,
    addLine: () => line && project.run("sh", ["-c", line]),
    visit,
    /** Opens a page of a folder of files. */
    async visitFiles(folder, options) {
      const files = await fileServer(folder);
      return visit(files.url, options).finally(files.close);
    },
    /** Runs a program that prints the echo. */
    async expectEcho(running, entry) {
      const printed = await running;
      if (printed.trim() !== entry) throw new Error(`printed: ${printed}`);
    },
  };
}

/** The folder of the Node of this version, installed once. */
function nodeFolder(tool, workshop) {
  if (!tool) return undefined;
  if (!workshop.nodes.has(tool)) {
    const project = new Project(path.join(workshop.folder, `runs-${tool}`), {});
    project.begin({ private: true });
    workshop.nodes.set(
      tool,
      project.installOnly(tool).then(() => project.at("node_modules/node/bin")),
    );
  }
  return workshop.nodes.get(tool);
}

/** An error on one line: where a tool printed much, what it says of errors. */
function reason(error) {
  const [first, ...others] = error.message
    .replace(/\S*\/steadfast-packaging-\w+\//g, "")
    .split("\n")
    .map((line) => line.trim().slice(0, 300));
  const told = others.filter((line) => /error|cannot|not (found|resolve)|fail|unexpected/i.test(line));
  return [first, ...told.slice(0, 4)].join(" ").slice(0, 700);
}
