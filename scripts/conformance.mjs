#!/usr/bin/env node
// The WebSocket conformance suite (Autobahn's 517 cases, run by kosoku) against the dev server's /ws.
//
//   node scripts/conformance.mjs            compares with tests/conformance/expected.json
//   node scripts/conformance.mjs --record   writes that file anew; still fails on a result that is never allowed

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { ensureServer } from "./lib/demo-build.mjs";
import { makeIfChanged } from "./lib/fingerprint.mjs";
import { at, serverBinary, toolsDir } from "./lib/paths.mjs";
import { ask, CommandFailed, run } from "./lib/process.mjs";
import { main, Stop, step } from "./lib/report.mjs";
import { ensurePrograms } from "./lib/system-packages.mjs";

const CASES = 517;
/** The suite's largest message is 16 MiB; the server's default of 1 MiB would refuse it. */
const MAX_MESSAGE = "32MiB";
const SUITE_TIMEOUT_MS = 10 * 60_000;

const expectedFile = at("tests/conformance/expected.json");
const requirements = at("tests/conformance/requirements.txt");
const suiteDir = path.join(toolsDir, "conformance");

await main(async () => {
  await ensureSuite();
  await ensureServer();
  const results = await withServer(runSuite);
  const record = process.argv.includes("--record");
  if (record) writeFileSync(expectedFile, `${JSON.stringify(results, null, 2)}\n`);
  const problems = [...forbidden(results), ...(record ? [] : differences(results))];
  console.log(summary(results));
  if (problems.length === 0) return 0;
  console.error(`\n${problems.join("\n")}\n`);
  return 1;
});

/** kosoku in a folder of its own: nothing else on the machine sees it. */
async function ensureSuite() {
  await ensurePrograms("Python 3 with pip", [["python3"], ["pip3"]], ["python3", "python3-pip"]);
  await step("the conformance suite (kosoku, from PyPI)", async () => {
    const facts = [(await ask("python3", ["--version"])) ?? ""];
    const outputs = [path.join(suiteDir, "kosoku")];
    const made = await makeIfChanged("conformance", { inputs: [requirements], facts, outputs }, installSuite);
    return made ? undefined : "already there";
  });
}

async function installSuite() {
  rmSync(suiteDir, { recursive: true, force: true });
  mkdirSync(suiteDir, { recursive: true });
  const options = ["--quiet", "--disable-pip-version-check", "--target", suiteDir, "--requirement", requirements];
  try {
    await run("python3", ["-m", "pip", "install", ...options]);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    console.error(error.output);
    throw new Stop("pip could not install kosoku, see above; Python 3.10 or later is needed.");
  }
}

/** Runs `work` with the host and port of a server that is there for it alone. */
async function withServer(work) {
  const args = ["--port", "0", "--max-message", MAX_MESSAGE, "--log-level", "error"];
  const server = spawn(serverBinary(), args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(server, "exit");
  try {
    const [line] = await Promise.race([once(createInterface(server.stdout), "line"), ended]);
    const listening = /^listening on http:\/\/(\S+)$/.exec(String(line));
    if (!listening) throw new Error(`the server did not start: ${line}`);
    return await work(listening[1]);
  } finally {
    server.kill("SIGTERM");
    await ended;
  }
}

/** Each case with its result, such as "OK 1000": behaviour, the way it was closed unless that was OK too, close code. */
async function runSuite(address) {
  const reports = mkdtempSync(path.join(tmpdir(), "conformance-"));
  const index = path.join(reports, "index.json");
  try {
    const program = ["-c", "import sys; from kosoku._cli import main; sys.exit(main())"];
    const args = ["-m", "fuzzingclient", "-o", reports, `ws://${address}/ws`];
    await step(`${CASES} cases against ${address}`, async () => {
      const options = { env: { PYTHONPATH: suiteDir }, timeout: SUITE_TIMEOUT_MS };
      await run("python3", [...program, ...args], options).catch((error) => ignoreVerdict(error, index));
    });
    const [cases] = Object.values(JSON.parse(readFileSync(index, "utf8")));
    return Object.fromEntries(Object.entries(cases).map(([id, result]) => [id, describe(result)]));
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

/** kosoku exits with an error when any case is unimplemented; its report says more, so only a missing report counts. */
function ignoreVerdict(error, index) {
  try {
    readFileSync(index);
  } catch {
    throw error;
  }
}

function describe({ behavior, behaviorClose, remoteCloseCode }) {
  const close = behaviorClose === behavior || behaviorClose === "OK" ? "" : ` close ${behaviorClose}`;
  return `${behavior}${close} ${remoteCloseCode ?? "no code"}`;
}

/** Results that no record can make acceptable. */
function forbidden(results) {
  const count = Object.keys(results).length;
  const bad = Object.entries(results).filter(([id, result]) => !allowed(id, result));
  const messages = bad.map(([id, result]) => `case ${id}: ${result} is not acceptable`);
  if (count !== CASES) messages.push(`${count} cases ran; there are ${CASES}`);
  return messages;
}

function allowed(id, result) {
  const [behavior, second] = result.split(" ");
  if (second === "close") return false;
  if (behavior === "OK" || behavior === "INFORMATIONAL") return true;
  // The server offers no compression: 12 and 13 are about nothing else.
  if (behavior === "UNIMPLEMENTED") return /^1[23]\./.test(id);
  // Text that goes wrong inside a frame is refused at the frame's end, not at the byte.
  return behavior === "NON-STRICT" && ["6.4.3", "6.4.4"].includes(id);
}

function differences(results) {
  const expected = JSON.parse(readFileSync(expectedFile, "utf8"));
  const ids = new Set([...Object.keys(expected), ...Object.keys(results)]);
  return [...ids]
    .filter((id) => expected[id] !== results[id])
    .map((id) => `case ${id}: ${results[id] ?? "did not run"}, expected ${expected[id] ?? "nothing"}`);
}

function summary(results) {
  const counts = new Map();
  for (const result of Object.values(results)) {
    const [behavior] = result.split(" ");
    counts.set(behavior, (counts.get(behavior) ?? 0) + 1);
  }
  return [...counts].map(([behavior, count]) => `${count} ${behavior}`).join(", ");
}
