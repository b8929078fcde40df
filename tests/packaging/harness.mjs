// What the packaging tests stand on: the packed package, a page in Chromium, a server that echoes, and one for files.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { WebSocketServer } from "ws";
import { findProgram, root } from "../../scripts/lib/paths.mjs";
import { command } from "./processes.mjs";

const PAGE_DEADLINE_MS = 60_000;
/** What a console says in any project of a template, without the package. */
const OTHERS = [
  /\/favicon\.ico\)$/, // browsers ask for it by themselves
  /503 \(Dev server is unavailable\)/, // Nuxt shows a page that waits until its server is ready
  /504 \(Outdated Optimize Dep\)/, // Vite reloads the page for packages that it found only now
];

/** A folder outside the repository, so that nothing is found by accident in its node_modules. */
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), "steadfast-packaging-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Packs the package into `folder`; resolves with the archive's path and the names of the files in it. */
export async function pack(folder) {
  const printed = await command("npm", ["pack", "--json", "--pack-destination", folder], root, { deadlineMs: 900_000 });
  const [{ filename, files }] = JSON.parse(printed.slice(printed.indexOf("[\n")));
  return { archive: path.join(folder, filename), files: files.map((file) => file.path) };
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

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Serves the files of a folder as any server of static files does. */
export async function fileServer(folder) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = path.join(folder, path.normalize(pathname.endsWith("/") ? `${pathname}index.html` : pathname));
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
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

/** A port that was free a moment ago, for servers that cannot be told to choose one. */
export async function freePort() {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** The system's Chromium. */
export function launchBrowser() {
  const executablePath = ["chromium", "chromium-browser", "google-chrome"].map(findProgram).find(Boolean);
  const args = ["--disable-gpu", "--disable-quic", "--disable-background-networking"];
  return chromium.launch({ executablePath, args, chromiumSandbox: false });
}

/**
 * Opens a page and resolves with the echo that it shows, with every complaint of the page or the browser, and with the
 * gzipped bytes of the JavaScript and WebAssembly that were loaded until then.
 */
export async function openPage(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints = [];
  const loaded = [];
  page.on("console", (message) => {
    const { url } = message.location();
    const isOurs = !OTHERS.some((pattern) => pattern.test(`${message.text()} (${url})`));
    if (["error", "warning"].includes(message.type()) && isOurs) complaints.push(`console: ${message.text()} (${url})`);
  });
  page.on("requestfailed", (request) => {
    const { errorText } = request.failure();
    // Vite's development server reloads the page when it has found more packages.
    if (errorText !== "net::ERR_ABORTED") complaints.push(`not loaded: ${request.url()} (${errorText})`);
  });
  page.on("response", (response) => {
    if (/javascript|wasm/.test(response.headers()["content-type"] ?? "")) loaded.push(response.body().catch(() => ""));
  });
  const broken = new Promise((resolve) => {
    page.on("pageerror", (error) => {
      complaints.push(`error: ${error.message}`);
      resolve(null);
    });
  });
  try {
    await page.goto(url, { timeout: PAGE_DEADLINE_MS, waitUntil: "commit" });
    // At first a page has no body.
    const shown = page
      .waitForFunction(() => document.body?.dataset.echo, null, { timeout: PAGE_DEADLINE_MS })
      .then((handle) => handle.jsonValue())
      .catch(() => null);
    const echo = await Promise.race([shown, broken]);
    return { echo, complaints, gzippedBytes: gzippedSum(await Promise.all(loaded)) };
  } finally {
    await context.close();
  }
}

/** By zlib's best level, as `npm run size` counts. */
function gzippedSum(bodies) {
  const gzipped = bodies.map((input) => execFileSync("gzip", ["-9", "--no-name", "--stdout"], { input }).length);
  return gzipped.reduce((sum, bytes) => sum + bytes, 0);
}
