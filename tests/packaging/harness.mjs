// What the packaging tests stand on: the packed package in a fresh project, a page in Chromium, and a server that echoes.

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { chromium } from "playwright-core";
import { WebSocketServer } from "ws";
import { at, findProgram, root } from "../../scripts/lib/paths.mjs";

const projects = fileURLToPath(new URL("projects", import.meta.url));

/** A folder outside the repository, so that nothing is found by accident in its node_modules. */
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), "steadfast-packaging-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Packs the package into `folder`; resolves with the archive's path and the names of the files in it. */
export async function pack(folder) {
  const printed = await command("npm", ["pack", "--json", "--pack-destination", folder], root);
  const [{ filename, files }] = JSON.parse(printed.slice(printed.indexOf("[\n")));
  return { archive: path.join(folder, filename), files: files.map((file) => file.path) };
}

/** Copies one of the projects into `folder` and installs its packages and the archive. */
export async function installProject(name, folder, archive) {
  const project = path.join(folder, name);
  cpSync(path.join(projects, name), project, { recursive: true });
  await command("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", archive], project);
  return project;
}

/** Runs a program and resolves with what it printed on standard output; a failure carries everything it printed. */
export function command(program, args, cwd, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...cleanEnv(), ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let all = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
      all += chunk;
    });
    child.stderr.on("data", (chunk) => {
      all += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code}:\n${all}`));
    });
  });
}

/** The npm that runs the tests hands its own settings down; a project of its own must not see them. */
export function cleanEnv() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_TEST_CONTEXT)/.test(name)));
}

/** A WebSocket server that sends back what it gets, PONG for PING. */
export async function echoServer() {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      const ping = !isBinary && String(data) === "PING";
      socket.send(ping ? "PONG" : data, { binary: isBinary });
    });
  });
  const close = () => {
    for (const socket of server.clients) socket.terminate();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `ws://127.0.0.1:${server.address().port}/`, close };
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".css": "text/css" };

/** Serves the files of a folder; keeps the paths that were asked for. */
export async function fileServer(folder) {
  const asked = [];
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    asked.push(pathname);
    const file = path.join(folder, path.normalize(pathname));
    try {
      const body = readFileSync(file);
      response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close };
}

/** Vite's development server on a project of the `vite` folder. */
export async function viteServer(project) {
  const vite = path.join(project, "node_modules/vite/bin/vite.js");
  const child = spawn(process.execPath, [vite, "--host", "127.0.0.1", "--port", "0"], {
    cwd: project,
    env: cleanEnv(),
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const url = await new Promise((resolve, reject) => {
    let printed = "";
    const read = (chunk) => {
      printed += chunk;
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(stripVTControlCharacters(printed));
      if (address) resolve(address[0]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("close", (code) => reject(new Error(`vite ended with ${code}:\n${printed}`)));
  });
  const close = () => {
    child.kill();
    return ended;
  };
  return { url, close };
}

/** The system's Chromium. */
export function launchBrowser() {
  const executablePath = ["chromium", "chromium-browser", "google-chrome"].map(findProgram).find(Boolean);
  const args = ["--disable-gpu", "--disable-quic", "--disable-background-networking"];
  return chromium.launch({ executablePath, args, chromiumSandbox: false });
}

/** Opens a page and resolves with the echo it shows, and with every complaint of the page or the browser. */
export async function echoShown(browser, url) {
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on("requestfailed", (request) => complaints.push(`not loaded: ${request.url()}`));
  try {
    await page.goto(url);
    const shown = page.waitForFunction(() => document.body.dataset.echo, null, { timeout: 20_000 });
    const echo = await shown.then((handle) => handle.jsonValue()).catch((error) => `nothing: ${error.message}`);
    return { echo, complaints };
  } finally {
    await page.close();
  }
}

/** The repository's TypeScript compiler. */
export const typeCompiler = at("node_modules/typescript/bin/tsc");
