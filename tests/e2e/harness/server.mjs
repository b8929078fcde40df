// The real dev server, on a port that stays the same while it is killed and started again.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, launch } from "./process.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The server binary: STEADFAST_SERVER, or the newest build under target/. */
export function serverBinary() {
  if (process.env.STEADFAST_SERVER) return process.env.STEADFAST_SERVER;
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  const built = ["release", "debug"].map((profile) => join(target, profile, "steadfast-server")).filter(existsSync);
  if (built.length === 0)
    throw new Error("no steadfast-server is built: run `cargo build --release -p steadfast-server`");
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/**
 * Starts the server with `site` as its static folder and further command-line `flags`. Unless they say otherwise,
 * sessions are kept in memory: a test leaves no file behind, and finds none of an earlier one.
 */
export async function startServer(site, flags = []) {
  const server = new Server(await freePort(), site, flags);
  await server.start();
  return server;
}

class Server {
  #site;
  #flags;
  #program = null;
  /** Every line the server logged, over all of its lives. */
  log = [];

  constructor(port, site, flags) {
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
    this.#site = site;
    this.#flags = flags.includes("--store") ? flags : ["--store", "memory", ...flags];
  }

  async start() {
    this.#program = await launch(
      serverBinary(),
      ["--port", String(this.port), "--static", this.#site, ...this.#flags],
      {
        ready: /^listening on /,
        onLine: (line) => this.log.push(line),
      },
    );
  }

  /** SIGKILL: every connection is gone at once, without a close frame. */
  async kill() {
    await this.#program?.kill("SIGKILL");
    this.#program = null;
  }

  /** Resolves with the first structured log line whose message matches `message`, the text of a pattern, once it is there. */
  async logged(message) {
    const pattern = new RegExp(`^.*"message":"${message}".*$`);
    const line = this.log.find((line) => pattern.test(line)) ?? (await this.#program.line(pattern, 30_000))[0];
    return JSON.parse(line);
  }

  /** Connections the server has open now, as its chaos API lists them. */
  async connections() {
    return (await this.#chaos("GET", "")).connections;
  }

  /** Orders a fault; `target` is "all", {connection} or {room}. Returns {id, affected}. */
  fault(fault, { target = "all", durationMs } = {}) {
    return this.#chaos("POST", "/faults", { target, fault, ...(durationMs && { durationMs }) });
  }

  /** Lifts one standing fault, or all of them. */
  lift(id) {
    return this.#chaos("DELETE", id ? `/faults/${id}` : "/faults");
  }

  async #chaos(method, path, body) {
    const response = await fetch(`${this.origin}/api/chaos${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} /api/chaos${path}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }
}
