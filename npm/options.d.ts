// What a client can be told. Every duration is in milliseconds and every size in UTF-8 bytes. Every option may be left
// out, and `undefined` counts as left out.

import type { CloseInfo, LogRecord } from "./events.js";

/** The platform's class of this name: nothing where its types are not loaded, as without the library "dom" and Node's types. */
export type Platform<Name extends string> =
  typeof globalThis extends Record<Name, { prototype: infer Instance }> ? Instance : never;

/** What can be sent: as `WebSocket.send`. A view of a `SharedArrayBuffer`, or of a buffer that was transferred away, is INVALID_DATA. */
export type Data = string | ArrayBuffer | ArrayBufferView | Platform<"Blob">;

/** What comes in: text as `string`, binary as {@link Options.binaryType} says. */
export type Received = string | ArrayBuffer | Platform<"Blob">;

/** Turns the application's values into messages and back. */
export interface Codec<In, Out> {
  /** The message for `value`. What it throws is INVALID_DATA at `send`, with the error as its `cause`. */
  encode(value: Out): Data;
  /** The value of a message. What it throws is INVALID_DATA in an `error` event, and the message is not handed over. */
  decode(data: Received): In;
}

/** The codecs that have names: `"raw"` for what `WebSocket` takes and gives, `"json"` for what it does not. */
export type CodecName<In> = unknown extends In ? "raw" | "json" : ArrayBuffer extends In ? "raw" : "json";

/** What the option `webSocket` makes: the platform's, that of the npm package `ws`, or one for a test. */
export interface Socket {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly protocol: string;
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: never): void;
  close(code?: number, reason?: string): void;
}

/**
 * Where to connect: `ws:`, `wss:`, `http:` or `https:`, or relative to the page, without a fragment. A function is
 * asked again before every attempt: when it throws or rejects, the attempt has failed and is retried, with an
 * INVALID_URL in an `error` event; when it gives what is no such URL, the client has `failed` with it.
 */
export type UrlSource = string | Platform<"URL"> | (() => string | Platform<"URL"> | Promise<string | Platform<"URL">>);

/** Where a client stands. */
export type State =
  /** Made with `autoConnect: false`, and `connect()` not called yet. */
  | "idle"
  /** The first link is on its way. */
  | "connecting"
  /** Messages flow. */
  | "open"
  /** No link: waiting for another attempt, or making one. */
  | "reconnecting"
  /** No link, and the browser says that there is no network: attempts pause until it is back. */
  | "offline"
  /** `close()` or `release()` is being carried out: to be seen in `statechange` only. */
  | "closing"
  /** It has been carried out. Final. */
  | "closed"
  /** Given up, with a `failed` event. What is sent waits in the queue; `reconnect()` and `connect()` begin anew. */
  | "failed";

/** What a client can be told when it is made. An unknown name or a value that is not allowed is INVALID_OPTION. */
export interface Options<In = Received, Out = Data> {
  /**
   * Subprotocols to offer. Default none. A function is asked again before every attempt, as that of {@link UrlSource};
   * its errors are INVALID_OPTION. In a session they travel in the hello, and the socket offers `steadfast.v1` alone.
   */
  protocols?: string | string[] | (() => string | string[] | Promise<string | string[]>);
  /**
   * Asked on every new link for what is sent on it first, before anything that waits: a token, a subscription. It is
   * never queued, and never sent on another link. The link counts as open when the greeting has been given to it. When it throws or rejects, or gives
   * what cannot be sent, the link is given up and the attempt retried, with an `error` event. `attempt` counts from 1
   * since the last stable link. Not in a session (INVALID_OPTION): see `auth`.
   */
  greet?: (link: { attempt: number }) => Data | Data[] | void | Promise<Data | Data[] | void>;
  /**
   * A session only (otherwise INVALID_OPTION): the application's credentials, asked for before every attempt and sent in
   * the hello, never in the URL. There is one call at a time: an attempt that begins while one is under way waits for its
   * answer, and asks anew when an attempt has timed out meanwhile. When it throws or rejects, or gives no string, the attempt has failed and is retried, with an UNAUTHORIZED in
   * an `error` event. A text is sent as it is, each time. Default none.
   */
  auth?: string | (() => string | Promise<string>);
  /**
   * The query parameter in which each attempt tells the server its request id, 32 hexadecimal digits, so that the
   * lines of both sides' logs can be matched. Default `false`: the URL stays as it is. In a session the server learns
   * the request id from the hello in any case.
   */
  requestIdParam?: false | string;
  /** Whether a new client connects by itself, once the present task is over. Default `true`; `false`: `connect()` begins. */
  autoConnect?: boolean;
  /**
   * An attempt that is not open (and greeted; in a session: welcomed) by then is abandoned and retried, with a CONNECT_TIMEOUT in an `error`
   * event. Also how long a promise of `reconnect.decide` is waited for. Default 10_000 ms; browsers alone wait up to
   * four minutes, and may hold an attempt back for some seconds themselves.
   */
  connectTimeout?: number;
  /** As what binary messages come in. Default `"arraybuffer"`. */
  binaryType?: "arraybuffer" | "blob";
  /** Between the application's values and messages. Default `"raw"`: they are the same. `"json"`: `JSON.stringify` and `JSON.parse`; what comes in is `unknown`, unless you say otherwise: `Options<In, Out>`. */
  codec?: CodecName<In> | Codec<In, Out>;
  /** The longest message that `send` takes; a longer one is MESSAGE_TOO_LARGE. Default 1_048_576 bytes (1 MiB). Set it to what the server takes: one that gets more closes the link. In a session the server says what it takes, and what is longer is refused or dropped from then on. */
  maxMessage?: number;
  /** Aborting it is `close()`. Default none. */
  signal?: Platform<"AbortSignal">;
  /** The class of sockets. Default the platform's `WebSocket`; where there is none, UNSUPPORTED. */
  webSocket?: new (
    url: string,
    protocols?: string | string[],
  ) => Socket;

  /**
   * How a dead link is noticed. Any message counts as life, so a ping is sent only into silence. Until a server has
   * answered one, pings that go unanswered end no link: after `misses` of them, no more are sent on it, and the log says
   * so once. A server that closes the link on such a ping is tried again, whatever its code, and gets no other ping. A
   * session has pings of its own, each with an id, and both sides ping; a message that is not acknowledged for long
   * sends the next ping at once; `ping` and `pong` mean nothing there.
   * `false`: no pings, and only the platform tells of a dead link, which can take minutes. `true`: the defaults.
   */
  heartbeat?:
    | boolean
    | {
        /** The silence before a ping, on a link in full health. Default 30_000 ms; proxies cut silent links, many at 60 s. */
        interval?: number;
        /**
         * The longest that a ping may stay unanswered. Default 10_000 ms. Once a pong was measured, round trips shorten it, to their mean
         * plus four times their deviation, but not below one second. A ping behind a backlog gets as long again whenever
         * some of the backlog has left.
         */
        timeout?: number;
        /** So many unanswered pings in a row end the link; after the first the others follow without waiting for the interval. Default 3. */
        misses?: number;
        /** How long the one ping that is sent on waking (visible, resumed, online, after sleep) may stay unanswered before the link is replaced; never less than any other ping. Default 3_000 ms. */
        probe?: number;
        /**
         * The interval follows the health score, from `min` at 0 to `max` at 100. Default 5_000 ms (`interval`, if that is
         * less) to `interval`; with a `max` of its own, `interval` means nothing. `false`: the interval is always `interval`.
         */
        adaptive?: boolean | { min?: number; max?: number };
        /** What is sent as a ping. Default `"PING"`. A function that throws is INVALID_DATA in an `error` event, and counts as a ping that was not answered. */
        ping?: Data | (() => Data);
        /** How an answer is recognised: the text itself, or a test, which counts as `false` when it throws. Default `"PONG"`. Only while a ping is unanswered; an answer is not handed to listeners. */
        pong?: string | ((data: Received) => boolean);
      };

  /** How a lost link is replaced. `false`: it is not, and the first loss or failed attempt is `failed` with RETRIES_EXHAUSTED. `true`: the defaults. */
  reconnect?:
    | boolean
    | {
        /** The first retry after an open link was lost, and the attempt after waking, wait a random time from 0 to this. Default 1_000 ms. Raise it where many clients share a server. */
        first?: number;
        /** No later retry waits less. Default 200 ms. */
        min?: number;
        /** The delay from which later retries grow. Default 1_000 ms. */
        base?: number;
        /** The longest delay, before jitter. Default 60_000 ms. */
        max?: number;
        /** By how much the delay grows from one retry to the next. Default 2; 1 keeps it. */
        factor?: number;
        /**
         * How the delay is spread. `"full"` (the default): from 0 to it. `"equal"`: from half of it. `"decorrelated"`:
         * from `base` to three times the delay before, at most `max`. `"none"`: not at all, so clients that lost one
         * server together come back together.
         */
        jitter?: "full" | "equal" | "decorrelated" | "none";
        /** After so many retries without a stable link, `failed` with RETRIES_EXHAUSTED. Default `Infinity`. */
        retries?: number;
        /** After so long without a stable link, `failed` with RETRIES_EXHAUSTED. Default `Infinity`. Time in which a link is open but not stable yet counts. */
        maxElapsed?: number;
        /** A link that was open for so long is stable: the next loss begins anew with `first` and a count of 0. Default 5_000 ms. */
        stableAfter?: number;
        /**
         * Asked what follows each loss and each failed attempt; overrules the table of close codes (README, "Close
         * codes"), but not `retries` and `maxElapsed`. `undefined`, a throw, a rejection, or a promise that takes longer
         * than `connectTimeout`: as the table says. `opened`: whether the link had been open.
         */
        decide?: (
          lost: CloseInfo & { attempt: number; opened: boolean },
        ) => Decision | undefined | Promise<Decision | undefined>;
      };

  /** How messages wait while there is no link. `false`: they do not, and `send` without a link is NOT_OPEN. `true`: the defaults. */
  queue?:
    | boolean
    | {
        /** So many messages may wait. Default 10_000. Bounds what waits to be read as well: see the `message` event and the iterator. */
        maxMessages?: number;
        /** So many bytes may wait. Default 16_777_216 (16 MiB). Bounds what comes in before anybody listens as well. */
        maxBytes?: number;
        /**
         * What happens to a message for which there is no room. `"reject"` (the default): `send` throws QUEUE_FULL.
         * `"drop-oldest"`: the oldest of the lowest priority give way, unless all that wait have a higher priority.
         * `"drop-newest"`: it is dropped itself. What is dropped comes back in a `dropped` event.
         */
        overflow?: "reject" | "drop-oldest" | "drop-newest";
        /** A message that has waited so long is dropped. Default `Infinity`. A message's own `ttl` goes first. In a session one that was given to a lost link is judged again. */
        ttl?: number;
        /**
         * A name under which messages that are not acknowledged outlive the page, its crash included, in IndexedDB. A page
         * that is opened again under this name, or another tab of it, sends them. Needs a `session` with storage
         * `"browser"` (otherwise INVALID_OPTION). What is stored is what the codec made of a message. `close()` deletes
         * them, `release()` leaves them; a page that is put away leaves them as well, and the promise of a `deliver()` that waits
         * then rejects with ABORTED. Where storage is refused, what is sent lives in memory, with a STORAGE in an `error`
         * event and a `storage` event, which says as well when it is stored again. Default `false`.
         */
        persist?: false | string;
        /** Messages wait in the queue, where they can still expire or be replaced, while the socket has so many bytes to send. Default 1_048_576 bytes (1 MiB). */
        highWaterMark?: number;
      };

  /**
   * A reliable session, with a server that speaks `steadfast.v1`: every message is handed over on the other side once
   * and in order, in both directions, whatever happens to links, and to the server's process. What is sent is kept until
   * the server has acknowledged it, and sent again where need be; it outlives the page with `queue.persist`. Default
   * `false`; `true` is `{}`.
   */
  session?: SessionOption;

  /**
   * The application's state, saved by the server and restored when the page is opened again; a page that is hidden keeps
   * it in IndexedDB as well. In a session without `key` it is a checkpoint of what came in: storing it is what
   * acknowledges the messages that were handed over, so that a page goes on exactly behind its state. Without a session
   * it needs `endpoint` (otherwise INVALID_OPTION). The server keeps it for 24 hours, and up to 256 KiB, unless it is
   * told otherwise. Default `false`.
   */
  snapshot?:
    | false
    | {
        /**
         * The state, as `JSON.stringify` takes it; `undefined`: there is none now. Called every `interval` while the link
         * is open, when the page is hidden, and by `snapshot()`; never before `restore` has finished, and in a checkpoint
         * never while a message is being handed over. What throws, a promise, and what is no JSON are SNAPSHOT_FAILED in
         * an `error` event, once in a row.
         */
        capture: () => unknown;
        /**
         * Called once, before `open` and any message, when a state is there. A promise is not awaited. When it throws:
         * SNAPSHOT_FAILED in an `error` event, and nothing takes the place of what is stored until `snapshot()` is called.
         * Default none: nothing is restored.
         */
        restore?: (state: unknown, info: { version: number; savedAt: number }) => void;
        /** How often it is captured. Unchanged state is not sent, changed state as a delta where that is shorter. Default 5_000 ms; the server takes one each 5 s on average and lets others wait. */
        interval?: number;
        /**
         * The state is a document: it belongs to the user and this key, on any device, and is no checkpoint. 1 to 128
         * bytes without control characters. A function is asked before the first attempt; when it throws or gives no such key, the attempt has failed, with
         * INVALID_OPTION. Who saves on a version that is not the latest gets SNAPSHOT_FAILED with it, and saves no more until
         * `snapshot()` is called or the page is opened again. Default none: the state belongs to this browser's session.
         */
        key?: string | (() => string);
        /**
         * An `http:` or `https:` URL, relative to the page if need be: state is saved by POST to `save` below it and
         * restored by POST to `restore`, instead of over the socket. Any server will do. In a session the requests carry
         * its credentials. A first attempt whose `restore` is not answered has failed. Default none.
         */
        endpoint?: string | Platform<"URL">;
      };

  /**
   * What is logged: all up to this level to the console, or every record to a function. Default `"warn"`. `"error"`:
   * the client has failed. `"warn"`: what an `error`, `dropped` or `gap` event tells, and once each: a first attempt that fails, a server that answers no pings or ends links because of them.
   * `"info"`: links that come and go. `"debug"`: states, pings, health and the queue. Messages are never logged.
   */
  log?: "silent" | "error" | "warn" | "info" | "debug" | ((record: LogRecord) => void);
}

/** The option `session`. */
export type SessionOption =
  | boolean
  | {
      /**
       * Where the session's id and token live, under the URL without its query. `"browser"` (the default): in
       * IndexedDB; each client has a session of its own, and a page that is opened again goes on with one that no
       * other client uses. `"tab"`: in sessionStorage, for this tab alone. `"memory"`: the session ends with the
       * client. Where storage or Web Locks (which need a secure origin) are refused, it is memory, with a STORAGE in an
       * `error` event.
       */
      storage?: "browser" | "tab" | "memory";
    };

/**
 * What follows a loss. `"retry"`: another attempt after the usual delay. `{ after }`: another attempt in so many
 * milliseconds. `"stop"`: none; `failed` with REFUSED. `"reauthenticate"`: another attempt, which asks the functions
 * for URL, protocols and greeting again; when it comes to this again before a link was stable, `failed` with
 * UNAUTHORIZED.
 */
export type Decision = "retry" | "stop" | "reauthenticate" | { after: number };
