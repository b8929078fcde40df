// Child processes. Each runs in a process group of its own, so that ending it ends what it started.

import { spawn } from "node:child_process";
import { childEnv, root } from "./paths.mjs";
import { seconds } from "./report.mjs";

/** How long a program that is told to end may take for it, before it is killed. */
const GRACE_MS = 5_000;

/** A child process that ended badly. `output` is everything it printed, when it was captured. */
export class CommandFailed extends Error {
  constructor(command, how, output) {
    super(`\`${command}\` ${how}`);
    this.name = "CommandFailed";
    this.output = output;
  }
}

/**
 * Runs a program to its end and resolves with what it printed.
 *
 * `show: true` passes its output through instead. `timeout` (milliseconds) ends it and all it started.
 * `input` is written to its standard input, which is empty otherwise.
 */
export async function run(program, args = [], options = {}) {
  const { cwd = root, env = {}, show = false, timeout = 0, input = "" } = options;
  const sink = show ? "inherit" : "pipe";
  const child = spawn(program, args, { cwd, env: childEnv(env), stdio: ["pipe", sink, sink], detached: true });
  const output = [];
  child.stdout?.on("data", (chunk) => output.push(chunk));
  child.stderr?.on("data", (chunk) => output.push(chunk));
  child.stdin.on("error", () => {}); // a program may end without reading its input
  child.stdin.end(input);
  const trouble = await ended(child, timeout);
  const text = Buffer.concat(output).toString();
  if (trouble) throw new CommandFailed([program, ...args].join(" "), trouble, text);
  return text;
}

/** Resolves when a child and all that hold its output are gone: with what went wrong, or with null. */
function ended(child, timeout) {
  running.add(child);
  let late = false;
  const end = () => {
    late = true;
    endGroup(child, "SIGTERM");
    setTimeout(() => endGroup(child, "SIGKILL"), GRACE_MS).unref();
  };
  const timer = timeout > 0 ? setTimeout(end, timeout) : undefined;
  return new Promise((resolve) => {
    const settle = (trouble) => {
      clearTimeout(timer);
      running.delete(child);
      resolve(trouble);
    };
    child.on("error", (error) => settle(`did not start: ${error.message}`));
    child.on("close", (code, signal) => {
      if (late) settle(`was still running after ${seconds(timeout)}`);
      else if (signal) settle(`was ended by ${signal}`);
      else settle(code === 0 ? null : `failed with exit code ${code}`);
    });
  });
}

/** What a program prints, trimmed; null when it cannot be run or fails. For asking a tool's version. */
export async function ask(program, args = [], options = {}) {
  try {
    return (await run(program, args, options)).trim();
  } catch {
    return null;
  }
}

const running = new Set();

function endGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    for (const child of running) endGroup(child, "SIGTERM");
    process.kill(process.pid, signal);
  });
}
