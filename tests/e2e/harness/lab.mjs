// A client in the lab page, as a test sees it.

/** Options under which a test need not wait for a person's patience. */
export const quick = { reconnect: { first: 50, min: 50, base: 50, max: 200 } };

/** Heartbeats that notice a dead link within some two seconds. */
export const watchful = { interval: 200, timeout: 1_000, misses: 1, adaptive: false };

/** Loads the lab page. */
export async function enterLab(page) {
  await page.goto("/pages/lab.html");
  await page.until("the lab to load", () => document.documentElement.dataset.ready === "");
  return new Lab(page);
}

/** Loads the lab page and opens a client; resolves when it is connected. Options travel as JSON. */
export async function openLab(page, url, options) {
  const lab = await enterLab(page);
  await page.evaluate((...args) => void window.lab.open(...args), url, options);
  await lab.next("open");
  return lab;
}

class Lab {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** Waits for the next `event` whose details include `where`; events before the last one waited for are passed over. */
  async next(event, where = {}, deadline = 30_000) {
    const found = await this.#page.evaluate(
      (event, where, deadline) =>
        Promise.race([
          window.lab.trace.next(event, where),
          new Promise((resolve) => setTimeout(resolve, deadline, null)),
        ]),
      event,
      where,
      deadline,
    );
    if (found) return found;
    const wanted = `${event} ${JSON.stringify(where)}`;
    throw new Error(`waited ${deadline} ms for ${wanted}; the client's events:\n${await this.history()}`);
  }

  /** The details of every `event` so far. */
  all(event) {
    return this.#page.evaluate((event) => window.lab.trace.all(event), event);
  }

  /** One round trip, in milliseconds. */
  ping() {
    return this.#page.evaluate(() => window.lab.client.ping());
  }

  /** The last events, a line for each. */
  history() {
    return this.#page.evaluate(() =>
      window.lab.trace.entries
        .slice(-25)
        .map(({ event, detail, at }) => `${at.toFixed(0)} ${event} ${JSON.stringify(detail)?.slice(0, 200)}`)
        .join("\n"),
    );
  }

  get state() {
    return this.#page.evaluate(() => window.lab.client.state);
  }

  send(...messages) {
    return this.#page.evaluate((messages) => {
      for (const message of messages) window.lab.client.send(message);
    }, messages);
  }

  /** Sends a text and waits until it has come back. */
  async echo(text) {
    await this.send(text);
    await this.next("message", { data: text });
  }
}
