// Deaths of the page: loaded again in the task of a send, left and come back to, crashed, closed and opened, with a
// durable queue and snapshots; the server is killed in between.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import WebSocket from "ws";
import { keyOf } from "../e2e/pages/payload.js";
import { PATIENCE } from "./faults.mjs";
import { planDeaths } from "./plan.mjs";
import { openRemotePage } from "./remote.mjs";
import { rendererOf } from "./renderers.mjs";
import { isClean, judgeDeaths } from "./verdict.mjs";

/** What is not handed over so long after the page has nothing left to send is lost. */
const SILENCE = 30_000;

/** Lets the page die `options.page` times; resolves with the report. */
export async function playDeaths({ page, pages, server, browser, site, options, say }) {
  const truth = await watchRoom(server, site);
  const url = `${pages.origin}/pages/deaths.html?server=${server.origin}`;
  const run = new Run({ page, url, browser, server, say });
  const plan = planDeaths(options.seed, options.page, options.kills);
  const isRemote = ({ kind }) => kind === "crash" && browser.name === "webkit";
  await run.play(
    plan.filter((death) => !isRemote(death)),
    truth,
  );
  const remote = plan.filter(isRemote);
  if (remote.length > 0) await run.playRemotely(remote, truth);
  truth.close();
  return run.report(truth);
}

/** Everything that the server hands over upward is published in the room: a client of its own, which never dies, sees it. */
async function watchRoom(server, site) {
  const { ready, Steadfast } = await import(pathToFileURL(join(site.folder, "pkg/index.js")));
  await ready(await readFile(join(site.folder, "pkg/wasm/steadfast_bg.wasm")));
  const url = `${server.origin.replace("http", "ws")}/hub/deaths`;
  const options = { webSocket: WebSocket, session: { storage: "memory" }, reconnect: { max: 1_000 }, log: "silent" };
  const client = new Steadfast(url, options);
  const truth = { messages: new Map(), gaps: [], close: () => client.close() };
  client.on("message", ({ data, number }) => truth.messages.set(number, keyOf(data)));
  client.on("gap", (gap) => truth.gaps.push(gap));
  await client.once("open");
  return truth;
}

/** One browser, and the page in it that is alive now. */
class Run {
  #page;
  #url;
  #browser;
  #server;
  #say;
  #next = 0;
  /** When the page that is alive began. */
  #life = "";
  #arrivals = 0;

  /** How each life ended. */
  #ends = [];
  /** Each key that a page has accepted, and in which life. */
  accepted = new Map();
  #deaths = {};
  #kills = 0;
  /** What was seen of each page, just before its death. */
  #lives = [];

  constructor({ page, url, browser, server, say }) {
    this.#page = page;
    this.#url = url;
    this.#browser = browser;
    this.#server = server;
    this.#say = say;
  }

  /** These deaths, one after the other, and what comes of them. */
  async play(plan, truth) {
    await this.#open();
    await this.#arrive();
    for (const [at, death] of plan.entries()) {
      await this.die(death);
      this.#say(
        `${at + 1}/${plan.length} ${death.kind}: ${this.accepted.size} sent, ${truth.messages.size} handed over`,
      );
    }
    await this.#settle(truth);
  }

  /** The same in a browser without a driver. */
  async playRemotely(plan, truth) {
    this.#page = await openRemotePage(this.#url);
    this.crash = this.crashRemotely;
    try {
      await this.play(plan, truth);
    } finally {
      await this.#page.close();
    }
  }

  /** One life: messages, perhaps a server that dies under it, and the death. */
  async die({ kind, before, last, pauseMs, kill, deadMs }) {
    if (kill) {
      await this.#server.kill();
      this.#kills += 1;
    }
    await this.#send(before);
    await sleep(pauseMs);
    await this.#look();
    this.#ends[this.#arrivals] = kill ? `${kind}, without a server` : kind;
    await this[kind](this.#keys(last));
    this.#deaths[kind] = (this.#deaths[kind] ?? 0) + 1;
    if (kill) {
      await sleep(deadMs);
      await this.#server.start();
    }
    await this.#arrive();
  }

  // The kinds of death. Each sends `keys` just before.

  /** In the very task of the sends. */
  async reload(keys) {
    await this.#execute("window.deaths.send(arguments[0]); location.reload();", keys);
  }

  async away(keys) {
    await this.#execute(`window.deaths.send(arguments[0]); location.href = "/pages/raw.html";`, keys);
    await until(() =>
      this.#page.evaluate(() => location.pathname === "/pages/raw.html" && document.readyState === "complete"),
    );
    await this.#page.back();
    this.#life = null;
  }

  /** Its process is killed, just after. */
  async crash(keys) {
    const process = await rendererOf(this.#browser.pid, (ms) => this.#call("busy", ms));
    const tab = await this.#page.newTab();
    await tab.show(tab.old);
    await this.#execute("window.deaths.send(arguments[0]);", keys);
    kill(process, "SIGKILL");
    await tab.show(tab.handle);
    await this.#open();
  }

  async crashRemotely(keys) {
    const process = await rendererOf(this.#page.pid, (ms) => this.#call("busy", ms));
    await this.#call("send", keys);
    kill(process, "SIGKILL");
    await this.#page.reopen();
  }

  /** A tab is closed, and another one opened. */
  async tab(keys) {
    await this.#execute("window.deaths.send(arguments[0]);", keys);
    const tab = await this.#page.newTab();
    await this.#close(tab);
    await this.#open();
  }

  /** Another one is open before: it takes over what the dead one has left. */
  async orphan(keys) {
    const tab = await this.#page.newTab();
    await this.#open();
    await this.#arrive();
    await tab.show(tab.old);
    await this.#execute("window.deaths.send(arguments[0]);", keys);
    await this.#close(tab);
    this.#life = null;
  }

  /** Until everything accepted is handed over, and the page has folded all of it. */
  async #settle(truth) {
    await this.#call("flush", PATIENCE);
    const missing = () => [...this.accepted.keys()].filter((key) => !new Set(truth.messages.values()).has(key));
    for (const deadline = Date.now() + SILENCE; missing().length > 0 && Date.now() < deadline; ) await sleep(100);
    const last = Math.max(0, ...truth.messages.keys());
    await until(async () => (await this.#call("last")) >= last).catch((error) => this.#say(error.message));
    await this.#look();
  }

  report(truth) {
    const lives = this.#lives;
    const all = (what) => lives.flatMap(({ counts }) => counts[what]);
    const verdict = judgeDeaths({
      truth: truth.messages,
      accepted: this.accepted,
      reported: all("dropped").map(({ key }) => key),
      folds: lives.flatMap(({ restored, fold }) => [restored, fold]).filter((fold) => fold?.keys.length > 0),
    });
    const restores = lives.filter(({ restored }) => restored).length;
    const missing = [...this.accepted].filter(([key]) => !new Set(truth.messages.values()).has(key));
    return {
      deaths: this.#deaths,
      kills: this.#kills,
      ...verdict,
      clean:
        isClean({ up: verdict.up, folds: { wrong: verdict.folds.wrong } }) &&
        truth.gaps.length + all("dropped").length === 0 &&
        restores > 0,
      accepted: this.accepted.size,
      missing: missing.map(([key, life]) => `${key}: life ${life}, ${this.#ends[life] ?? "still alive"}`),
      restores,
      snapshots: lives.reduce((sum, { counts }) => sum + counts.snapshots, 0),
      gaps: all("gaps").length,
      dropped: all("dropped").length,
      errors: countBy(all("errors").map(({ code, message }) => `${code}: ${message}`)),
      sessions: new Set(lives.map(({ session }) => session?.id)).size,
    };
  }

  /** A remote page is open. */
  #open() {
    return this.#page.goto?.(this.#url);
  }

  #keys(count) {
    const keys = Array.from({ length: count }, () => this.#next++);
    for (const key of keys) this.accepted.set(key, this.#arrivals);
    return keys;
  }

  #send(count) {
    return this.#call("send", this.#keys(count));
  }

  /** A task of its own, which may be the page's last one. */
  #execute(script, keys) {
    return this.#browser.session.post("/execute/sync", { script, args: [keys] });
  }

  /** What the page that is alive has seen until now. */
  async #look() {
    this.#lives.push(await this.#call("report"));
  }

  /** Closes the window `old`; `next` is the one that goes on. */
  async #close({ old, handle, show }) {
    await show(old);
    await this.#page.closeTab();
    await show(handle);
  }

  /** Until another page than the last one is there. */
  async #arrive() {
    this.#life = await until(async () => {
      const life = await this.#call("life");
      return life !== this.#life && life;
    });
    this.#arrivals += 1;
  }

  /** A method of the page's object. */
  #call(name, ...args) {
    if (this.#page.call) return this.#page.call(name, ...args);
    return this.#page.evaluate((name, args) => window.deaths[name](...args), name, args);
  }
}

/** Asks again and again: the document that answers may be on its way out, or not there yet. */
async function until(ask) {
  for (const deadline = Date.now() + 60_000; ; await sleep(20)) {
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error(`waited 60 s for ${ask}`);
  }
}

function countBy(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
