// What a test does with the page in front of it.

/** Commands on the browser's current tab; every function passed in runs in the page, so it may only use its own arguments. */
export class Page {
  #browser;
  #origin;

  constructor(browser, origin) {
    this.#browser = browser;
    this.#origin = origin;
  }

  get #session() {
    return this.#browser.session;
  }

  /** Loads a path of the server, or an absolute URL, and waits for its load event. */
  goto(path) {
    return this.#session.post("/url", { url: new URL(path, this.#origin).href });
  }

  back() {
    return this.#session.post("/back");
  }

  reload() {
    return this.#session.post("/refresh");
  }

  /** Does `act`, after which the page loads itself anew, and waits until it has. */
  async reloadsAfter(act, deadline = 30_000) {
    const loaded = () => this.evaluate(() => document.readyState === "complete" && performance.timeOrigin);
    const before = await loaded();
    await act();
    for (const end = Date.now() + deadline; Date.now() < end; ) {
      // A page that is just being left answers nothing.
      const now = await loaded().catch(() => false);
      if (now && now !== before) return;
    }
    throw new Error(`the page was not loaded anew within ${deadline} ms`);
  }

  /** Calls `fn` in the page and resolves with what it returns, awaited; an error there is an error here. */
  async evaluate(fn, ...args) {
    const script = `
      const done = arguments[arguments.length - 1];
      const told = (error) => ({ name: error.name, code: error.code, message: String(error.message ?? error), stack: error.stack });
      (async () => (${fn})(...arguments[0]))().then((value) => done({ value }), (error) => done({ error: told(error) }));`;
    const { value, error } = await this.#session.executeAsync(script, [args]);
    if (!error) return value;
    throw Object.assign(new Error(`in the page: ${error.name}: ${error.message}\n${error.stack ?? ""}`), {
      code: error.code,
    });
  }

  /**
   * Resolves with the first truthy value of `fn(...args)`, which is asked again whenever the document changes.
   * Rejects after `deadline` ms; `what` names the wait in the error.
   */
  until(what, fn, args = [], deadline = 30_000) {
    return this.evaluate(
      `(args, what, deadline) => new Promise((resolve, reject) => {
        const ask = ${fn};
        const settle = (finish, value) => { observer.disconnect(); clearTimeout(timer); finish(value); };
        const look = () => { try { const value = ask(...args); if (value) settle(resolve, value); } catch (error) { settle(reject, error); } };
        const observer = new MutationObserver(look);
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        const timer = setTimeout(() => settle(reject, new Error("waited " + deadline + " ms for " + what + "; the page says:\\n" + document.body.innerText)), deadline);
        look();
      })`,
      args,
      what,
      deadline,
    );
  }

  async click(selector) {
    await this.#session.post(`/element/${await this.#session.find(selector)}/click`);
  }

  async type(selector, text) {
    await this.#session.post(`/element/${await this.#session.find(selector)}/value`, { text });
  }

  /** Replaces what a field holds. */
  async fill(selector, text) {
    const element = `/element/${await this.#session.find(selector)}`;
    await this.#session.post(`${element}/clear`);
    await this.#session.post(`${element}/value`, { text });
  }

  /** Presses and releases one key, wherever the focus is. */
  press(key) {
    const actions = ["keyDown", "keyUp"].map((type) => ({ type, value: key }));
    return this.#session.post("/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  text(selector) {
    return this.evaluate((at) => document.querySelector(at)?.textContent ?? null, selector);
  }

  /** What pages/collect.js has kept in this tab, as text. */
  collectedErrors() {
    return this.evaluate(() =>
      location.protocol === "http:" ? JSON.parse(sessionStorage.getItem("console-errors") ?? "[]") : [],
    );
  }

  /** A PNG of the viewport. */
  async screenshot() {
    return Buffer.from(await this.#session.get("/screenshot"), "base64");
  }

  /** Sets the window's outer size in CSS pixels. */
  resize(width, height) {
    return this.#session.post("/window/rect", { width, height });
  }

  /** Opens another tab, makes it the current one, and returns a function that goes back to the old. */
  async newTab() {
    const old = await this.#session.get("/window");
    const { handle } = await this.#session.post("/window/new", { type: "tab" });
    await this.#session.post("/window", { handle });
    return { handle, old, show: (which) => this.#session.post("/window", { handle: which }) };
  }

  closeTab() {
    return this.#session.delete("/window");
  }

  /** A name for the current tab, for `closeTabsBut`. */
  tab() {
    return this.#session.get("/window");
  }

  /** All tabs, in no order. */
  tabs() {
    return this.#session.get("/window/handles");
  }

  /** Closes all tabs but one, which is the current one from now on. */
  async closeTabsBut(tab) {
    for (const handle of await this.tabs()) {
      if (handle === tab) continue;
      await this.#session.post("/window", { handle });
      await this.closeTab();
    }
    await this.#session.post("/window", { handle: tab });
  }
}
