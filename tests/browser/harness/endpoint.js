// An HTTP server that keeps states and does what a test says.

/** Stands in for the platform's fetch until the case ends. */
export class FakeEndpoint {
  /** The requests that came in: { what, body, headers, keepalive, url, answer }. */
  requests = [];
  /** What it answers, until a test takes that into its own hands: nothing is stored, and every save is. */
  onrestore = () => [404, { errorCode: "NOT_FOUND" }];
  onsave = () => [200, { version: ++this.version }];
  version = 100;

  #watchers = [];

  constructor(lab) {
    lab.replace(globalThis, "fetch", (...asked) => this.#fetch(...asked));
  }

  /** What `find` makes of the requests, as soon as that is something. */
  async until(find) {
    for (;;) {
      const found = find(this.requests);
      if (found !== undefined) return found;
      await new Promise((wake) => this.#watchers.push(wake));
    }
  }

  /** The `nth` save, when it has come in. */
  save(nth = 1) {
    return this.until((requests) => requests.filter(({ what }) => what === "save")[nth - 1]);
  }

  get saves() {
    return this.requests.filter(({ what }) => what === "save");
  }

  async #fetch(address, { method, body, headers, keepalive, signal }) {
    const url = new URL(address);
    const what = url.pathname.split("/").at(-1);
    const request = { what, method, url: url.href, raw: body, body: JSON.parse(body), headers, keepalive };
    this.requests.push(request);
    for (const wake of this.#watchers.splice(0)) wake();
    const answered = await Promise.race([this[`on${what}`](request), aborted(signal)]);
    const [status, content, fields] = answered;
    return { ok: status === 200, status, headers: new Headers(fields), json: async () => content };
  }
}

const aborted = (signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
