// What the scripts say: one line for each step, with its time, and one sentence where they cannot go on.

/** Ends a script with one sentence for the person who ran it: what is missing, and the command to run. */
export class Stop extends Error {}

/** Runs one step of a set-up and says how long it took. A step that had nothing to do returns the reason as a string. */
export async function step(title, work) {
  console.log(`▸ ${title}`);
  const started = performance.now();
  const skipped = await work();
  const took = seconds(performance.now() - started);
  console.log(typeof skipped === "string" ? `  ${skipped} (${took})` : `  done in ${took}`);
}

/** Milliseconds as a person reads them: "0.4 s", "3 min 12 s". */
export function seconds(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Runs a script's main function; a `Stop` or a failed command becomes one sentence and exit code 1, anything else keeps its stack. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (error.output) console.error(error.output);
    const expected = error instanceof Stop || error.name === "CommandFailed";
    console.error(expected ? `\nCannot go on: ${error.message}` : error);
    process.exitCode = 1;
  }
}

/** Does `work`; when `quiet`, its lines go to the error output, so that what follows stands alone on the other. */
export async function quietlyIf(quiet, work) {
  if (!quiet) return work();
  const { log } = console;
  console.log = console.error;
  try {
    return await work();
  } finally {
    console.log = log;
  }
}
