// State over HTTP instead of the socket: docs/SNAPSHOTS.md says what the two requests are.

import { measure } from "./measure.js";
import { utf8Length } from "./payload.js";
import { resolveUrl } from "./url.js";

/** The longest body of a request that outlives its page; browsers refuse more than 64 KiB. */
const KEEPALIVE_BYTES = 60 * 1_024;

/** What an answer means, by its status. */
const REASONS = {
  401: "unauthorized",
  403: "unauthorized",
  409: "stale",
  413: "too-large",
  422: "mismatch",
  429: "later",
  503: "unavailable",
  507: "quota",
};

/** Where one client's state is kept. */
export class Endpoint {
  /** The owner's term, as the last welcome said. */
  term;

  #host;

  constructor(host, address) {
    this.#host = host;
    this.href = httpOf(address);
  }

  /** What is stored: `version`, `text`, `check`, `savedAt` and `positions`; undefined where nothing is. Rejects when nobody knows. */
  async restore(key) {
    const who = this.#who(key);
    if (!who) return;
    try {
      const response = await this.#post("restore", JSON.stringify(who));
      if (response.status === 404) return;
      if (!response.ok) throw new TypeError(response.status);
      const { data, version, savedAt = 0, positions } = await response.json();
      if (data === undefined || !isVersion(version)) throw new TypeError("no state");
      const text = JSON.stringify(data);
      return { text, ...measure(text), version, savedAt, positions };
    } catch (error) {
      throw this.#host.error("SNAPSHOT_FAILED", `restoring from ${this.href}: ${error.message}`, error);
    }
  }

  /** What became of a save: its `version`, or the `reason` why it has none, and `after` how long to try again. */
  async save(key, { form, base, body, bytes, check, positions, isHiding }) {
    const { term } = this;
    const head = JSON.stringify({ ...this.#who(key), term, base, bytes, check, positions });
    const content = form === "same" ? `"delta":[0,${bytes}]` : `"${form}":${body}`;
    const whole = `${head.slice(0, -1)},${content}}`;
    const keepalive = isHiding && utf8Length(whole) <= KEEPALIVE_BYTES;
    try {
      const response = await this.#post("save", whole, keepalive);
      const { version } = await response.json().catch(() => ({}));
      if (response.ok && isVersion(version)) return { version };
      const isTold = response.status !== 409 || Number.isSafeInteger(version);
      const reason = (isTold && REASONS[response.status]) || "refused";
      return { version, reason, after: retryAfter(response.headers.get("retry-after")) };
    } catch {
      return { reason: "unreachable" };
    }
  }

  #post(what, body, keepalive) {
    const { options, credentials } = this.#host;
    const url = new URL(this.href);
    url.pathname = url.pathname.replace(/\/?$/, `/${what}`);
    const headers = { "content-type": "application/json" };
    if (credentials) headers.authorization = `Bearer ${credentials}`;
    const signal = AbortSignal.timeout(options.connectTimeout);
    return fetch(url, { method: "POST", body, headers, signal, keepalive });
  }

  /** Whose state it is; undefined for a session that the server does not know yet. */
  #who(key) {
    const { keeper, options } = this.#host;
    if (key !== undefined) return { key };
    const { id, token, memory } = keeper.row;
    if (!options.session) return { sessionId: memory };
    return id && { sessionId: id, token };
  }
}

/** The absolute address of `source`, which may be relative. Throws a TypeError that says what is wrong. */
export const httpOf = (source) => resolveUrl(source).replace(/^ws/, "http");

const isVersion = (given) => Number.isSafeInteger(given) && given > 0;

/** Milliseconds from a number of seconds or a date. */
function retryAfter(given) {
  const ms = given && (+given >= 0 ? given * 1_000 : Date.parse(given) - Date.now());
  return ms >= 0 ? ms : undefined;
}
