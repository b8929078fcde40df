// The commands as a person runs them: what they refuse, and how they say it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import net from "node:net";
import { test } from "node:test";
import { at } from "../lib/paths.mjs";
import { CommandFailed, run } from "../lib/process.mjs";
import { seconds } from "../lib/report.mjs";

function script(name, args = [], env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [at("scripts", name), ...args], { env: { ...process.env, ...env } });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    child.on("close", (code) => resolve({ code, output: output.trim() }));
  });
}

test("npm start refuses a taken port before it builds anything, and names another", async () => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address();
  const { code, output } = await script("start.mjs", [], { PORT: String(port) });
  taken.close();
  assert.equal(code, 1);
  assert.match(output, new RegExp(`^Cannot go on: port ${port} is taken; choose another: \`PORT=\\d+ npm start\`\\.$`));
});

test("npm start refuses what is no port", async () => {
  for (const PORT of ["http", "65536", "-1", "80.5"]) {
    const { code, output } = await script("start.mjs", [], { PORT });
    assert.equal(code, 1);
    assert.equal(output, `Cannot go on: PORT is "${PORT}", which is no port number; run \`PORT=8081 npm start\`.`);
  }
});

test("npm test refuses a step that does not exist", async () => {
  const { code, output } = await script("test.mjs", ["clipy"]);
  assert.equal(code, 1);
  assert.equal(output, "Cannot go on: there is no step called clipy; run `npm test -- --list`.");
});

test("a program's failure carries its exit code and all it printed", async () => {
  const program = 'console.log("out"); console.error("err"); process.exit(7)';
  await assert.rejects(run(process.execPath, ["-e", program]), (error) => {
    assert.ok(error instanceof CommandFailed);
    assert.match(error.message, /failed with exit code 7$/);
    assert.match(error.output, /out/);
    assert.match(error.output, /err/);
    return true;
  });
});

test("a program that hangs is ended with all that it started", { timeout: 30_000 }, async () => {
  // The inner one holds the same pipe: the outer one counts as ended only when both are gone.
  const forever = "setInterval(() => {}, 1000)";
  const program = `
    require("node:child_process").spawn(process.execPath, ["-e", "${forever}"], { stdio: "inherit" });
    ${forever}`;
  await assert.rejects(run(process.execPath, ["-e", program], { timeout: 500 }), /was still running after 0\.5 s$/);
});

test("a program that does not exist is a failure that says so", async () => {
  await assert.rejects(run("no-such-program"), /`no-such-program` did not start: .*ENOENT/);
});

test("times are written for people", () => {
  assert.equal(seconds(49), "0.0 s");
  assert.equal(seconds(12_340), "12.3 s");
  assert.equal(seconds(192_000), "3 min 12 s");
});
