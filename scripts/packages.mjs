// `npm run packages`: installs the packed package in a fresh project of every bundler, framework, runtime and test
// runner that it supports, and has each talk to a WebSocket server.
//
//   npm run packages                              all environments
//   npm run packages -- --only vite-7             one of them, or one use of it: vite-7-dev
//   npm run packages -- --list                    their names
//   npm run packages -- --json                    the result as JSON
//   npm run packages -- --archive FILE.tgz        another packed package than that of this checkout
//
// Ends with exit code 1 when the package does not work in one of them.

import path from "node:path";
import { parseArgs } from "node:util";
import { attemptAll, openWorkshop, usesOf } from "../tests/packaging/attempt.mjs";
import { ENVIRONMENTS } from "../tests/packaging/environments/index.mjs";
import { asTable } from "../tests/packaging/table.mjs";
import { main, quietlyIf, Stop, seconds } from "./lib/report.mjs";
import { setUp } from "./lib/setup.mjs";

const AT_ONCE = 2;

await main(async () => {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      list: { type: "boolean" },
      json: { type: "boolean", default: false },
      archive: { type: "string" },
    },
  });
  if (values.list) return list();
  const isWanted = wanted(values.only);
  await quietlyIf(values.json, () => setUp(values.archive ? ["npm", "chromium"] : ["package", "chromium"]));
  const rows = await tryAll(isWanted, values.archive && path.resolve(values.archive));
  console.log(values.json ? JSON.stringify(rows, null, 2) : asTable(rows));
  return rows.every(({ works }) => works) ? 0 : 1;
});

function list() {
  for (const { name } of ENVIRONMENTS.flatMap(usesOf)) console.log(name);
}

/** Whether a use is named, by its own name or that of a group: `vite` names `vite-7-dev`. */
function wanted(names) {
  const fits = (use, name) => use === name || use.startsWith(`${name}-`);
  const uses = ENVIRONMENTS.flatMap(usesOf);
  const unknown = names.find((name) => !uses.some((use) => fits(use.name, name)));
  if (unknown) throw new Stop(`there is no environment called ${unknown}; run \`npm run packages -- --list\``);
  return (use) => names.length === 0 || names.some((name) => fits(use, name));
}

/** Tries what is wanted, and tells of each environment when it is done. */
async function tryAll(isWanted, archive) {
  const workshop = await openWorkshop({ archive });
  const onDone = ({ name }, rows, tookMs) => {
    const failed = rows.filter(({ works }) => !works).length;
    console.error(`  ${name}: ${failed > 0 ? `${failed} of ${rows.length} fail` : "works"} (${seconds(tookMs)})`);
  };
  try {
    return await attemptAll(ENVIRONMENTS, workshop, { isWanted, atOnce: AT_ONCE, onDone });
  } finally {
    await workshop.close();
  }
}
