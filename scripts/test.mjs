// `npm test`: installs what is missing, then checks everything.
//
//   npm test                      every step
//   npm run test:quick            without the slow ones
//   npm test -- clippy e2e        the named ones (a name also means all that begin with it and a dash)
//   npm test -- --list            their names

import { run } from "./lib/process.mjs";
import { main, Stop, seconds } from "./lib/report.mjs";
import { buildNeeds, installTools } from "./lib/setup.mjs";
import { STEPS, selectSteps } from "./lib/test-steps.mjs";

/** A command that hangs is ended after this many milliseconds, and has failed. */
const LIMIT = 20 * 60_000;

await main(async () => {
  const args = process.argv.slice(2);
  const names = args.filter((arg) => !arg.startsWith("-"));
  if (args.includes("--list")) return list();
  const { selected, unknown } = selectSteps(STEPS, { names, quick: args.includes("--quick") });
  if (unknown.length > 0) throw new Stop(`there is no step called ${unknown.join(", ")}; run \`npm test -- --list\`.`);

  console.log("Set-up");
  const context = await installTools(selected.flatMap((step) => step.needs));
  console.log("\nChecks");
  const results = [];
  for (const step of selected) results.push(await check(step, context));
  return summary(results);
});

async function check(step, context) {
  console.log(`▸ ${step.name}: ${step.shows}`);
  const started = performance.now();
  const env = { ...(step.wasm ? context.wasmEnv : {}), ...step.env };
  let failure = null;
  try {
    await buildNeeds(step.needs, context);
    for (const [program, ...args] of step.commands) await run(program, args, { env, timeout: LIMIT });
  } catch (error) {
    failure = error;
  }
  const took = performance.now() - started;
  if (failure) {
    console.log(failure.output ?? failure.stack);
    console.log(`  FAILED after ${seconds(took)}: ${failure.message}`);
  } else {
    console.log(`  passed in ${seconds(took)}`);
  }
  return { name: step.name, passed: failure === null, took };
}

function summary(results) {
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log("\nSummary");
  for (const { name, passed, took } of results) {
    console.log(`  ${passed ? "passed" : "FAILED"}  ${name.padEnd(width)}  ${seconds(took)}`);
  }
  const failed = results.filter(({ passed }) => !passed).length;
  console.log(`\n${results.length - failed} passed, ${failed} failed`);
  return failed === 0 && results.length > 0 ? 0 : 1;
}

function list() {
  for (const step of STEPS) console.log(`${step.name.padEnd(18)}${step.shows}${step.slow ? " (slow)" : ""}`);
  return 0;
}
