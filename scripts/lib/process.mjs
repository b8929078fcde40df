// Child processes. Each runs in a process group of its own, so that ending it ends what it started.

import { spawn } from "node:child_process";
import { childEnv, root } from "./paths.mjs";
import { seconds } from "./report.mjs";

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
export function run(program, args = [], options = {}) {
  const { cwd = root, env = {}, show = false, timeout = 0, input = "" } = options;
  const command = [program, ...args].join(" ");
  return new Promise((resolve, reject) => {
    const sink = show ? "inherit" : "pipe";
    const child = spawn(program, args, { cwd, env: childEnv(env), stdio: ["pipe", sink, sink], detached: true });
    const output = [];
    let late = false;
    const timer =
      timeout > 0 &&
      setTimeout(() => {
        late = true;
        endGroup(child);
      }, timeout);
    const text = () => Buffer.concat(output).toString();
    const settle = (finish) => {
      clearTimeout(timer);
      running.delete(child);
      finish();
    };
    running.add(child);
    child.stdin.on("error", () => {}); // a program may end without reading its input
    child.stdin.end(input);
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));
    child.on("error", (error) =>
      settle(() => reject(new CommandFailed(command, `did not start: ${error.message}`, text()))),
    );
    child.on("close", (code, signal) =>
      settle(() => {
        if (code === 0) return resolve(text());
        const how = late
          ? `was still running after ${seconds(timeout)}`
          : signal
            ? `was ended by ${signal}`
            : `failed with exit code ${code}`;
        reject(new CommandFailed(command, how, text()));
      }),
    );
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

function endGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    for (const child of running) endGroup(child);
    process.kill(process.pid, signal);
  });
}
