// The tools under test as child processes: each with a deadline, and in a group of its own, so that none is left over.

import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

const MINUTE_MS = 60_000;
const running = new Set();

/** Runs a program and resolves with what it printed on standard output; a failure carries everything it printed. */
export function command(program, args, cwd, { env = {}, deadlineMs = 5 * MINUTE_MS, onPrinted } = {}) {
  const child = start(program, args, cwd, env);
  const printed = collect(child, onPrinted);
  return new Promise((resolve, reject) => {
    const named = `${program} ${args.join(" ")}`;
    const fail = (how) => reject(new Error(`${named} ${how}:\n${printed.all}`));
    const timer = setTimeout(() => {
      fail(`was not done after ${deadlineMs / 1000} s`);
      end(child);
    }, deadlineMs);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(printed.out);
      else fail(`ended with ${code ?? signal}`);
    });
  });
}

/** Starts a server and resolves, when it has printed its address and that it is `ready`, with `url` and `close`. */
export function serve(program, args, cwd, { env = {}, deadlineMs = 2 * MINUTE_MS, ready = /(?:)/, onPrinted } = {}) {
  const child = start(program, args, cwd, env);
  const ended = new Promise((resolve) => child.once("close", resolve));
  const close = () => {
    end(child);
    return ended;
  };
  return new Promise((resolve, reject) => {
    let timer;
    const printed = collect(child, (text) => {
      onPrinted?.(text);
      const address = /http:\/\/(127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]):(\d+)/.exec(printed.all);
      if (!address || !ready.test(printed.all)) return;
      clearTimeout(timer);
      resolve({ url: `http://${address[1] === "localhost" ? "localhost" : "127.0.0.1"}:${address[2]}`, close });
    });
    const fail = (how) => reject(new Error(`${program} ${args.join(" ")} ${how}:\n${printed.all}`));
    timer = setTimeout(() => close().then(() => fail("was not ready")), deadlineMs);
    child.once("error", reject);
    child.once("close", (code) => fail(`ended with ${code}`));
  });
}

/** The npm that runs the tests hands its own settings down; a project of its own must not see them. */
export function cleanEnv() {
  const own = /^(npm_|NODE_TEST_CONTEXT|NODE_ENV|NODE_OPTIONS)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/** Ends whatever still runs, at once. */
export function endAll() {
  for (const child of running) kill(child, "SIGKILL");
}

function start(program, args, cwd, env) {
  const options = { cwd, env: { ...cleanEnv(), ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true };
  const child = spawn(program, args, options);
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

/** `out` and `all` that the child prints, without colours; `onPrinted` is told each time. */
function collect(child, onPrinted = () => {}) {
  const printed = { out: "", all: "" };
  const read = (stream, keep) => {
    stream.setEncoding("utf8");
    stream.on("data", (chunk) => {
      const text = stripVTControlCharacters(chunk);
      if (keep) printed.out += text;
      printed.all += text;
      onPrinted(text);
    });
  };
  read(child.stdout, true);
  read(child.stderr, false);
  return printed;
}

function end(child) {
  kill(child, "SIGTERM");
  const timer = setTimeout(() => kill(child, "SIGKILL"), 3000);
  child.once("close", () => clearTimeout(timer));
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    endAll();
    process.exit(130);
  });
}
