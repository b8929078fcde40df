// A browser that no driver holds: WebKitGTK's driver gives up with the first page that crashes, and keeps no
// storage. The page itself asks this process what to do (tests/e2e/pages/remote.js).

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MINIBROWSER } from "../e2e/harness/browsers.mjs";
import { openDisplay } from "../e2e/harness/display.mjs";
import { launch } from "../e2e/harness/process.mjs";
import { quiet } from "./renderers.mjs";

/** Opens `url` in WebKitGTK's MiniBrowser, with a profile that lasts until `close`. */
export async function openRemotePage(url) {
  const page = new RemotePage(url, await openDisplay(), await mkdtemp(join(tmpdir(), "steadfast-webkit-")));
  await page.listen();
  await page.open();
  return page;
}

class RemotePage {
  #url;
  #display;
  #profile;
  #program = null;
  #orders = createServer((request, response) => this.#answer(request, response));
  /** What the page is to do next, and who waits for what it does. */
  #next = [];
  #asking = null;
  #running = null;

  constructor(url, display, profile) {
    this.#url = url;
    this.#display = display;
    this.#profile = profile;
  }

  get pid() {
    return this.#program.pid;
  }

  listen() {
    return new Promise((resolve) => this.#orders.listen(0, "127.0.0.1", resolve));
  }

  async open() {
    const url = new URL(this.#url);
    url.searchParams.set("remote", `http://127.0.0.1:${this.#orders.address().port}`);
    const folders = ["XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HOME"].map((name) => [name, this.#profile]);
    const env = { DISPLAY: this.#display.name, GDK_BACKEND: "x11", ...Object.fromEntries(folders) };
    this.#program = await launch(MINIBROWSER, [url.href], { env });
  }

  /** After a crash: in another browser with the same profile, as soon as the one whose page has crashed writes no more. */
  async reopen() {
    this.#running?.reject(new Error("the page is gone"));
    this.#running = this.#asking = null;
    await quiet(this.pid);
    await this.#program.kill("SIGKILL");
    await this.open();
    await this.call("life");
  }

  /** Calls a method of the page's object; resolves with what it returns. */
  call(name, ...args) {
    return new Promise((resolve, reject) => {
      this.#next.push({ order: JSON.stringify({ name, args }), resolve, reject });
      this.#order();
    });
  }

  async close() {
    await this.#program.kill("SIGKILL");
    await this.#display.close();
    this.#orders.closeAllConnections();
    this.#orders.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The page says what came of the last order, and waits for the next one. */
  async #answer(request, response) {
    response.setHeader("access-control-allow-origin", "*");
    let text = "";
    for await (const part of request) text += part;
    const { value, error } = JSON.parse(text);
    if (error) this.#running?.reject(new Error(`in the page: ${error}`));
    else this.#running?.resolve(value);
    this.#running = null;
    this.#asking = response;
    this.#order();
  }

  #order() {
    if (!this.#asking || this.#running || this.#next.length === 0) return;
    this.#running = this.#next.shift();
    this.#asking.end(this.#running.order);
    this.#asking = null;
  }
}
