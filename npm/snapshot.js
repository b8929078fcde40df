// The application's state: captured, compared, saved, and restored before the first message. When it is captured, and
// what a checkpoint acknowledges, is the engine's to say.

import { ASKED, CHANGED, FAILED, HIDING, LOST, NOTHING, POSITIONS, REFUSED, STALE, UNCHANGED } from "./boundary.js";
import { Copies } from "./copies.js";
import { makeDelta } from "./delta.js";
import { Endpoint } from "./endpoint.js";
import * as Input from "./input.js";
import { measure } from "./measure.js";
import { utf8Length } from "./payload.js";
import * as Query from "./query.js";
import { cutParts, encodePart } from "./state-frames.js";

/** How long a promise of `snapshot` waits for a link and for its turn. */
const PATIENCE_MS = 30_000;

/** The state of one client, whose `host` it is. */
export class Snapshots {
  #host;
  #options;
  #isDocument;
  #isCheckpoint;
  #copies;
  #endpoint;
  /** What the endpoint had when the page began. */
  #found;

  #key;
  #user;
  /** What is stored, as far as it is known: its version, 0 for none, and its text. */
  #stored = { version: 0 };
  /** The state as it was captured last, and how many captures there were. */
  #captured;
  #captures = 0;
  /** The save that is on its way. */
  #flight = null;
  #saves = 0;
  /** A save of a document of which nobody knows, to be sent again. */
  #unknown = null;
  /** What is coming of the stored text, and what follows it. */
  #parts = null;
  #isRestored = false;
  /** The positions of the state that was restored: a server need not speak of a stream in which nothing comes. */
  #positions;
  #isResumed = false;
  /** What is stored could not be restored, or is another user's: nothing takes its place until the application asks. */
  #rests = false;
  /** The text that was too large. */
  #refused;
  /** The last failure, and the reason of the one that was told. */
  #failure;
  #told;
  /** What a promise of `snapshot` resolves with. */
  #result = null;

  constructor(host) {
    const { snapshot, session } = host.options;
    this.#host = host;
    this.#options = snapshot;
    this.#isDocument = snapshot.key !== undefined;
    this.#isCheckpoint = !!session && !this.#isDocument;
    this.#copies = new Copies(host);
    this.#endpoint = snapshot.endpoint && new Endpoint(host, snapshot.endpoint);
    if (!this.#isDocument) host.listeners.add("close", () => host.keeps || this.#copies.drop(), { internal: true });
  }

  /** Whether nothing but parts may come in now. */
  get gathering() {
    return !!this.#parts;
  }

  /** Captures and saves now. Resolves with the version, or with null when there is no state. */
  ask() {
    const host = this.#host;
    const start = (ticket) => host.request(Input.snapshot, ticket);
    return host.promise(start, { timeout: PATIENCE_MS }).then(
      () => this.#result,
      (error) => {
        throw (error.code === "NOT_OPEN" && this.#failure) || error;
      },
    );
  }

  /** Where the page is in all streams, by the engine's `number` where that knows one. */
  #all(number) {
    return { ...this.#positions, ...this.#host.positions(number) };
  }

  // A link begins.

  /** Until all is known of the state that the link does not tell. Rejects when the endpoint does not, or there is no key. */
  async ready() {
    this.#parts = null;
    if (this.#isRestored) return;
    this.#key ??= this.#askForKey();
    await this.#copies.find(await this.#place());
    if (!this.#endpoint) return;
    this.#found = await this.#endpoint.restore(this.#key);
    if (!this.#host.options.session) this.#begin(this.#found);
  }

  #askForKey() {
    const { key } = this.#options;
    if (typeof key !== "function") return key;
    try {
      const given = key();
      if (isKey(given)) return given;
      throw new TypeError(String(given));
    } catch (error) {
      throw this.#host.error("INVALID_OPTION", `snapshot.key: ${error?.message ?? error}`, error);
    }
  }

  /** Where the local copy is: by name, and under the key or what stands for this client. */
  async #place() {
    const host = this.#host;
    const key = this.#key;
    if (key === undefined) await host.acquire?.(this.#endpoint.href);
    const { name, memory } = host.keeper?.row ?? {};
    return { name: name ?? this.#endpoint.href, key: key === undefined ? memory : `k:${key}` };
  }

  /** What a hello says of it; its positions are those of the state. */
  hello() {
    const wanted = !this.#isRestored && !!this.#options.restore;
    const { copy } = this.#copies;
    const found = this.#endpoint && !this.#isNewer(copy, this.#found) ? this.#found : copy;
    const positions = this.#isRestored ? this.#all(Query.position) : wanted ? found?.positions : undefined;
    const version = (this.#isRestored ? this.#stored.version : copy?.base) || undefined;
    const snapshot = this.#endpoint ? undefined : { key: this.#key, version, restore: wanted };
    return { snapshot, ...(positions && { positions }) };
  }

  /** Calls `go` when the application has its state. */
  welcomed({ snapshot, user, term, resumed }, go) {
    if (this.#endpoint) this.#endpoint.term = term;
    // A document belongs to its user.
    if (this.#isRestored && user !== this.#user && this.#isDocument) this.#rests = true;
    this.#user = user;
    this.#isResumed = resumed;
    if (!resumed) this.#positions = undefined;
    if (this.#isRestored && !this.#endpoint) this.#compare(snapshot, go);
    else if (this.#isRestored) {
      if (this.#isCheckpoint && !resumed) this.#stored = { version: 0 };
      go();
    } else if (snapshot?.follows) {
      this.#parts = { text: "", missing: snapshot.bytes, stored: snapshot, go };
    } else {
      this.#begin(this.#endpoint ? this.#found : snapshot);
      go();
    }
  }

  /** A frame about the state came in. Whether it can be. */
  receive(name, body) {
    if (name === "part") return this.#gather(body);
    const flight = this.#flight;
    if (!flight?.isSent || flight.id !== body.id) return false;
    this.#answered(flight, body);
    return true;
  }

  #gather(piece) {
    const parts = this.#parts;
    if (!parts) return false;
    const { stored, go } = parts;
    parts.text += piece;
    parts.missing -= utf8Length(piece);
    if (parts.missing > 0) return true;
    if (parts.missing < 0 || measure(parts.text).check !== stored.check) return false;
    this.#parts = null;
    this.#begin({ ...stored, text: parts.text });
    go();
    return true;
  }

  /** The page begins: with its own copy, with what is `stored`, or with nothing. */
  #begin(stored) {
    const { copy } = this.#copies;
    this.#isRestored = true;
    this.#stored = { version: 0, ...stored };
    const { version } = this.#stored;
    const isOwn = this.#isNewer(copy, stored) && copy.user === this.#user;
    if (isOwn && copy.check === stored?.check) this.#stored.text = copy.text;
    const { text, positions, savedAt } = isOwn ? copy : this.#stored;
    if (text === undefined) return;
    if (this.#isResumed) this.#positions = positions;
    this.#restore(text, { version, savedAt });
  }

  /** Whether a local copy goes on from what is stored. A save of this page may have been stored since. */
  #isNewer(copy, stored) {
    return copy && (copy.base === (stored?.version ?? 0) || (stored && copy.next === stored.check));
  }

  #restore(text, info) {
    const { restore } = this.#options;
    if (!restore) return;
    try {
      restore(JSON.parse(text), info);
    } catch (error) {
      this.#rests = true;
      return this.#fail("restore", error);
    }
    this.#host.emit("restored", info, "info");
  }

  /** What the welcome of a later link says is `stored`: so what became of a save whose answer was lost. */
  #compare(stored, go) {
    const flight = this.#flight;
    const version = stored?.version ?? 0;
    const isIt = version > flight?.base && stored.check === flight.check && stored.bytes === flight.bytes;
    const isOther = !isIt && version !== this.#stored.version;
    if (isOther && (this.#isCheckpoint || !version)) this.#stored = { version };
    go();
    if (isIt) this.#answered(flight, { version });
    else if (flight) {
      this.#lose(flight);
      this.#unsaved(LOST);
    }
  }

  // Saving.

  capture(why) {
    this.#host.feed(Input.captured, this.#capture(why));
  }

  save(what) {
    const flight = this.#unknown ?? this.#prepare(what);
    this.#unknown = null;
    this.#flight = { ...flight, id: this.#saves++ % 2 ** 32 };
    if (this.#endpoint) this.#post(this.#flight);
    else this.#upload(this.#flight);
  }

  #capture(why) {
    if (why === ASKED) this.#rests = false;
    if (this.#rests) return FAILED;
    let text;
    try {
      text = textOf(this.#options.capture());
    } catch (error) {
      this.#fail("capture", error);
      return FAILED;
    }
    this.#result = null;
    if (text === undefined) return NOTHING;
    if (text === this.#refused && why !== ASKED) return FAILED;
    const { version } = this.#stored;
    const isHiding = why === HIDING;
    const positions = this.#isCheckpoint ? this.#all(Query.handedOver) : undefined;
    this.#captured = { text, positions, isHiding, capture: ++this.#captures };
    if (text === this.#stored.text) {
      this.#result = { version };
      return UNCHANGED;
    }
    if (isHiding) this.#keepCopy();
    return CHANGED;
  }

  /** The page may not be seen again: what it has is kept here, whatever becomes of the save. */
  #keepCopy() {
    const { text, positions, capture } = this.#captured;
    const next = this.#isCheckpoint ? undefined : this.#flight?.check;
    const about = { user: this.#user, base: this.#stored.version, next, positions, savedAt: Date.now() };
    this.#copies.keep({ ...about, text, check: measure(text).check }, capture);
  }

  #prepare(what) {
    const { text, ...captured } = this.#captured;
    const { version: base, text: before } = this.#stored;
    const isSame = what === POSITIONS;
    const delta = !isSame && before !== undefined ? makeDelta(before, text) : null;
    const form = isSame ? "same" : delta === null ? "data" : "delta";
    const body = isSame ? "" : (delta ?? text);
    return { ...captured, ...measure(text), text, base, form, body };
  }

  /** One part a task, so that messages go between; all at once when the page may be gone in the next. */
  async #upload(flight) {
    const host = this.#host;
    const { socket } = host;
    const { id, base, form, bytes, check, positions, body, isHiding } = flight;
    for (const [at, part] of (body ? cutParts(body) : []).entries()) {
      if (at && !isHiding) await nextTask();
      if (socket !== host.socket) return;
      host.give(encodePart(host.query(Query.givenMessages), part));
    }
    flight.isSent = true;
    host.control("save", { id, key: this.#key, base, form, bytes, check, positions });
  }

  async #post(flight) {
    this.#answered(flight, await this.#endpoint.save(this.#key, flight));
  }

  /** `reason`: none where it is stored. `after`: when to try again. */
  #answered(flight, { version, reason, after = this.#options.interval }) {
    if (!reason) return this.#saved(flight, version);
    if (reason === "later") return this.#unsaved(LOST, after);
    if (reason === "stale" && !(this.#isDocument && version)) {
      this.#stored = { version: version ?? 0 };
      return this.#unsaved(LOST);
    }
    if (flight.form !== "data" && !FINAL.includes(reason)) {
      this.#stored = { version: this.#stored.version };
      return this.#unsaved(LOST);
    }
    if (reason === "unreachable") this.#lose(flight);
    if (reason === "too-large") this.#refused = flight.text;
    this.#fail(reason, { reason, version });
    this.#unsaved(reason === "stale" ? STALE : REFUSED, after);
  }

  /** Nobody knows of this save. Sent again as it was, a document's counts once. */
  #lose(flight) {
    if (this.#isDocument) this.#unknown = flight;
  }

  #saved({ text, form, body, capture }, version) {
    this.#flight = null;
    this.#stored = { version, text };
    this.#refused = this.#told = undefined;
    this.#result = { version };
    this.#copies.saved(capture, version);
    const detail = { version, bytes: utf8Length(body), full: form === "data" };
    if (form !== "same") this.#host.emit("snapshot", detail, "debug");
    this.#host.feed(Input.saved);
  }

  #unsaved(why, after = 0) {
    this.#flight = null;
    this.#host.feed(Input.unsaved, why, after);
  }

  /** Told once, until it is another or a save has succeeded. */
  #fail(reason, cause) {
    const host = this.#host;
    this.#failure = host.error("SNAPSHOT_FAILED", `${reason}: ${cause.message ?? "not saved"}`, cause);
    if (this.#told !== reason) host.complain(this.#failure);
    this.#told = reason;
  }
}

/** Whether servers take `given` as a document's key. */
export const isKey = (given) => typeof given === "string" && /^\P{Cc}+$/u.test(given) && utf8Length(given) <= 128;

/** A state as JSON; undefined for none. */
function textOf(state) {
  if (typeof state?.then === "function") throw new TypeError("a promise");
  return JSON.stringify(state);
}

/** A task of its own, which a hidden page gets as well. */
const nextTask = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(0);
  });

/** Reasons for which the whole text would be refused as well. */
const FINAL = ["stale", "too-large", "quota", "unavailable", "unauthorized", "unreachable"];
