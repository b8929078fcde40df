// Everything that `npm test` checks, in its order: the quick and telling first.

import { filesIn } from "./fingerprint.mjs";
import { firstSeedHere } from "./fresh-seeds.mjs";
import { at } from "./paths.mjs";

const NODE = process.execPath;
const DENY_WARNINGS = ["--", "-D", "warnings"];
const SIM = ["cargo", "run", "--release", "--locked", "-p", "steadfast-sim"];
const FRESH = `${firstSeedHere()}`;

/**
 * Each step: `name`, what it `shows`, what it `needs` (see setup.mjs), and the `commands` it runs one after another.
 * `slow` steps are left out of `npm run test:quick`; `wasm` steps compile for wasm32.
 */
export const STEPS = [
  {
    name: "format",
    shows: "Rust is formatted",
    needs: ["components"],
    commands: [["cargo", "fmt", "--all", "--check"]],
  },
  {
    name: "javascript",
    shows: "JavaScript is formatted and without lint, and reads and writes the protocol's frames",
    needs: ["npm"],
    commands: [
      [NODE, "node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off"],
      nodeTests("tests/javascript"),
    ],
  },
  {
    name: "scripts",
    shows: "the scripts do what they say",
    needs: ["basics"],
    commands: [[NODE, "--test", "scripts/tests/"], nodeTests("tests/chaos")],
  },
  {
    name: "clippy",
    shows: "no lint in the workspace",
    needs: ["components"],
    commands: [["cargo", "clippy", "--workspace", "--all-targets", "--locked", ...DENY_WARNINGS]],
  },
  {
    name: "clippy-wasm",
    shows: "no lint in what is compiled for the browser",
    needs: ["components", "wasm32", "package"],
    wasm: true,
    commands: [
      // The browser tests import it, so they do not compile without.
      [NODE, "scripts/browser-tests.mjs", "--bundle"],
      [
        "cargo",
        "clippy",
        "-p",
        "steadfast",
        "--target",
        "wasm32-unknown-unknown",
        "--all-targets",
        "--locked",
        ...DENY_WARNINGS,
      ],
      [
        "cargo",
        "clippy",
        "-p",
        "steadfast",
        "--target",
        "wasm32-unknown-unknown",
        "--lib",
        "--no-default-features",
        "--locked",
        ...DENY_WARNINGS,
      ],
    ],
  },
  {
    name: "docs",
    shows: "the documentation builds without a warning",
    needs: ["basics"],
    env: { RUSTDOCFLAGS: "-D warnings" },
    commands: [["cargo", "doc", "--workspace", "--no-deps", "--locked"]],
  },
  {
    name: "licences",
    shows: "licences and sources of all crates are allowed",
    needs: ["cargo-deny"],
    commands: [["cargo", "deny", "--locked", "check", "bans", "licenses", "sources"]],
  },
  {
    name: "rust",
    shows: "engine, client and server behave",
    needs: ["basics"],
    commands: [["cargo", "test", "--workspace", "--locked"]],
  },
  {
    name: "sim",
    shows: `20,000 bad days and 20,000 fresh ones, from seed ${FRESH} on, break no promise, and every planted bug is caught`,
    slow: true,
    needs: ["basics"],
    commands: [
      [...SIM, "--", "--seeds", "20000"],
      [...SIM, "--", "--seeds", "20000", "--from", FRESH],
      [...SIM, "--features", "canaries", "--", "--canaries"],
    ],
  },
  {
    name: "size",
    shows: "what a page loads is within its limit",
    needs: ["package"],
    commands: [[NODE, "scripts/size.mjs"]],
  },
  {
    name: "types",
    shows: "the types allow and forbid what they should, in every TypeScript from 5.2 on, and wherever it runs",
    needs: ["package"],
    commands: [
      ...["typescript", "typescript-5.9", "typescript-5.2"].flatMap((compiler) =>
        ["", "/node", "/worker", "/bare"].map((platform) => {
          return [NODE, `node_modules/${compiler}/bin/tsc`, "--project", `tests/types${platform}`];
        }),
      ),
      nodeTests("tests/package"),
    ],
  },
  {
    name: "engine-wasm",
    shows: "engine and simulator behave as wasm",
    slow: true,
    needs: ["wasm-pack"],
    wasm: true,
    commands: [
      ["wasm-pack", "test", "--node", "engine", "--locked"],
      ["wasm-pack", "test", "--node", "sim", "--locked"],
    ],
  },
  {
    name: "browser-chromium",
    shows: "the client behaves in Chromium",
    slow: true,
    needs: ["package", "wasm-pack", "chromium"],
    wasm: true,
    commands: [[NODE, "scripts/browser-tests.mjs", "--browser", "chrome"]],
  },
  {
    name: "browser-firefox",
    shows: "the client behaves in Firefox",
    slow: true,
    needs: ["package", "wasm-pack", "firefox"],
    wasm: true,
    commands: [[NODE, "scripts/browser-tests.mjs", "--browser", "firefox"]],
  },
  ...["chromium", "firefox", "webkit"].map((browser) => ({
    name: `e2e-${browser}`,
    shows: `page and server survive faults in ${browser}`,
    slow: browser !== "chromium",
    needs: ["demo", "server", browser],
    commands: [[NODE, "tests/e2e/run.mjs", "--browser", browser]],
  })),
  ...["chromium", "firefox", "webkit"].map((browser) => ({
    name: `chaos-${browser}`,
    shows: `nothing is lost, doubled or reordered under faults, and deaths of the page, in ${browser}`,
    slow: true,
    needs: ["package", "server", browser],
    commands: [
      [NODE, "tests/chaos/run.mjs", "--browser", browser, "--messages", "1000", "--faults", "20"],
      [NODE, "tests/chaos/run.mjs", "--browser", browser, "--page", "20"],
    ],
  })),
  {
    name: "conformance",
    shows: "the server passes the WebSocket conformance suite",
    slow: true,
    needs: ["server"],
    commands: [[NODE, "scripts/conformance.mjs"]],
  },
  {
    name: "packaging",
    shows: "the packed package works in fresh projects of a bundler, a runtime, a compiler of each kind",
    slow: true,
    needs: ["package", "chromium"],
    commands: [nodeTests("tests/packaging")],
  },
];

/** The steps whose name is, or begins with, one of `names` (all when there are none), without the slow ones when `quick`. */
export function selectSteps(steps, { names = [], quick = false } = {}) {
  const fits = (step, name) => step.name === name || step.name.startsWith(`${name}-`);
  const unknown = names.filter((name) => !steps.some((step) => fits(step, name)));
  const selected = steps.filter((step) => {
    if (quick && step.slow) return false;
    return names.length === 0 || names.some((name) => fits(step, name));
  });
  return { selected, unknown };
}

/** Node's test runner over the test files of a folder, named one by one: versions of Node differ in what a folder means. */
function nodeTests(folder) {
  return [NODE, "--test", ...filesIn(at(folder)).filter((file) => file.endsWith(".test.mjs"))];
}
