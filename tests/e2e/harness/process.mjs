// Child processes that a test run starts and is sure to end.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const running = new Set();

/**
 * Starts a program and resolves once a line of its output matches `ready` (at once without `ready`).
 * `onLine(line, stream)` sees every line of stdout and stderr.
 * Rejects, with the last lines of output, when the program ends or `deadline` (ms) passes first.
 */
export async function launch(command, args, { ready, env, onLine, deadline = 30_000 } = {}) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a process group of its own: browsers leave children behind
  });
  const program = new Program(command, child);
  running.add(program);
  program.ended.then(() => running.delete(program));
  for (const stream of ["stdout", "stderr"]) {
    createInterface({ input: child[stream] }).on("line", (line) => {
      program.remember(line);
      onLine?.(line, stream);
    });
  }
  if (ready) program.match = await program.line(ready, deadline);
  return program;
}

/** Ends every program still running; safe to call twice. */
export async function endAll() {
  await Promise.all([...running].map((program) => program.kill("SIGKILL")));
}

/**
 * A TCP port of the loopback interface that nobody listens on at the moment. Never the same twice: a browser would
 * give what it has stored for a server to the next one there.
 */
export async function freePort() {
  let port;
  do port = await somePort();
  while (given.has(port));
  given.add(port);
  return port;
}

const given = new Set();

function somePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

class Program {
  #child;
  #recent = [];
  #watchers = new Set();

  constructor(name, child) {
    this.name = name;
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => resolve({ error }));
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** The last lines of output, for error messages. */
  get tail() {
    return this.#recent.slice(-15).join("\n");
  }

  /** Sends `signal` to the program and all its children, and resolves when the program has ended. */
  kill(signal = "SIGTERM") {
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // The group is gone already.
    }
    return this.ended;
  }

  remember(line) {
    this.#recent.push(line);
    if (this.#recent.length > 200) this.#recent.shift();
    for (const watch of this.#watchers) watch(line);
  }

  /** Resolves with the match of the first line from now on that fits `pattern`; rejects after `deadline` ms. */
  line(pattern, deadline) {
    return new Promise((resolve, reject) => {
      const settle = (finish, value) => {
        clearTimeout(timer);
        this.#watchers.delete(watch);
        finish(value);
      };
      const fail = (why) => settle(reject, new Error(`${this.name} ${why}\n${this.tail}`));
      const watch = (line) => {
        const match = pattern.exec(line);
        if (match) settle(resolve, match);
      };
      const timer = setTimeout(() => fail(`printed no ${pattern} within ${deadline} ms`), deadline);
      this.#watchers.add(watch);
      this.ended.then(({ error, code, signal }) =>
        fail(`ended early: ${error?.message ?? signal ?? `exit code ${code}`}`),
      );
    });
  }
}
