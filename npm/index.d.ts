/// <reference lib="esnext.disposable" />
// Every duration is in milliseconds and every size in UTF-8 bytes. Every option may be left out, and
// `undefined` counts as left out.

/** What can be sent: as `WebSocket.send`. A view of a `SharedArrayBuffer`, or of a buffer that was transferred away, is INVALID_DATA. */
export type Data = string | ArrayBuffer | ArrayBufferView | Blob;

/** What comes in: text as `string`, binary as {@link Options.binaryType} says. */
export type Received = string | ArrayBuffer | Blob;

/** Turns the application's values into messages and back. */
export interface Codec<In, Out> {
  /** The message for `value`. What it throws is INVALID_DATA at `send`, with the error as its `cause`. */
  encode(value: Out): Data;
  /** The value of a message. What it throws is INVALID_DATA in an `error` event, and the message is not handed over. */
  decode(data: Received): In;
}

/**
 * Where to connect: `ws:`, `wss:`, `http:` or `https:`, or relative to the page, without a fragment. A function is
 * asked again before every attempt: when it throws or rejects, the attempt has failed and is retried, with an
 * INVALID_URL in an `error` event; when it gives what is no such URL, the client has `failed` with it.
 */
export type UrlSource = string | URL | (() => string | URL | Promise<string | URL>);

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
  /** `close()` is being carried out: to be seen in `statechange` only. */
  | "closing"
  /** `close()` has been carried out. Final. */
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
   * answer. When it throws or rejects, or gives no string, the attempt has failed and is retried, with an UNAUTHORIZED in
   * an `error` event. Default none.
   */
  auth?: () => string | Promise<string>;
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
  /** Between the application's values and messages. Default `"raw"`: they are the same. `"json"`: `JSON.stringify` and `JSON.parse`. */
  codec?: "raw" | "json" | Codec<In, Out>;
  /** The longest message that `send` takes; a longer one is MESSAGE_TOO_LARGE. Default 1_048_576 bytes (1 MiB). Set it to what the server takes: one that gets more closes the link. In a session the server says what it takes, and what is longer is refused or dropped from then on. */
  maxMessage?: number;
  /** Aborting it is `close()`. Default none. */
  signal?: AbortSignal;
  /** The class of sockets. Default the platform's `WebSocket`; where there is none, UNSUPPORTED. */
  webSocket?: typeof WebSocket;

  /**
   * How a dead link is noticed. Any message counts as life, so a ping is sent only into silence. Until a server has
   * answered one, pings that go unanswered end no link: after `misses` of them, no more are sent on it, and the log says
   * so once. A server that closes the link on such a ping is tried again, whatever its code, and gets no other ping. A
   * session has pings of its own, each with an id, and both sides ping; a message that is not acknowledged for long
   * sends the next ping at once; `ping` and `pong` mean nothing there.
   * `false`: no pings, and only the platform tells of a dead link, which can take minutes.
   */
  heartbeat?:
    | false
    | {
        /** The silence before a ping, on a link in full health. Default 30_000 ms; proxies cut silent links, many at 60 s. */
        interval?: number;
        /**
         * The longest that a ping may stay unanswered. Default 10_000 ms. Measured round trips shorten it, to their mean
         * plus four times their deviation, but not below one second. A ping behind a backlog gets as long again whenever
         * some of the backlog has left.
         */
        timeout?: number;
        /** So many unanswered pings in a row end the link; after the first the others follow without waiting for the interval. Default 3. */
        misses?: number;
        /** How long the one ping that is sent on waking (visible, resumed, online, after sleep) may stay unanswered before the link is replaced. Default 3_000 ms. */
        probe?: number;
        /**
         * The interval follows the health score, from `min` at 0 to `max` at 100. Default 5_000 ms (`interval`, if that is
         * less) to `interval`; with a `max` of its own, `interval` means nothing. `false`: the interval is always `interval`.
         */
        adaptive?: false | { min?: number; max?: number };
        /** What is sent as a ping. Default `"PING"`. A function that throws is INVALID_DATA in an `error` event, and counts as a ping that was not answered. */
        ping?: Data | (() => Data);
        /** How an answer is recognised: the text itself, or a test, which counts as `false` when it throws. Default `"PONG"`. Only while a ping is unanswered; an answer is not handed to listeners. */
        pong?: string | ((data: Received) => boolean);
      };

  /** How a lost link is replaced. `false`: it is not, and the first loss or failed attempt is `failed` with RETRIES_EXHAUSTED. */
  reconnect?:
    | false
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

  /** How messages wait while there is no link. `false`: they do not, and `send` without a link is NOT_OPEN. */
  queue?:
    | false
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
        /** Messages wait in the queue, where they can still expire or be replaced, while the socket has so many bytes to send. Default 1_048_576 bytes (1 MiB). */
        highWaterMark?: number;
      };

  /**
   * A reliable session, with a server that speaks `steadfast.v1`: every message is handed over on the other side once
   * and in order, in both directions, whatever happens to links, and to the server's process. What is sent is kept until
   * the server has acknowledged it, and sent again where need be; it does not outlive the page. Default `false`; `true`
   * is `{}`.
   */
  session?:
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
   * What is logged: all up to this level to the console, or every record to a function. Default `"warn"`. `"error"`:
   * the client has failed. `"warn"`: what an `error`, `dropped` or `gap` event tells, and a heartbeat that stops.
   * `"info"`: links that come and go. `"debug"`: states, pings, health and the queue. Messages are never logged.
   */
  log?: "silent" | "error" | "warn" | "info" | "debug" | ((record: LogRecord) => void);
}

/**
 * What follows a loss. `"retry"`: another attempt after the usual delay. `{ after }`: another attempt in so many
 * milliseconds. `"stop"`: none; `failed` with REFUSED. `"reauthenticate"`: another attempt, which asks the functions
 * for URL, protocols and greeting again; when it comes to this again before a link was stable, `failed` with
 * UNAUTHORIZED.
 */
export type Decision = "retry" | "stop" | "reauthenticate" | { after: number };

/** How a link ended. */
export interface CloseInfo {
  /** The close code as it was, 1006 when there was no close frame; never a made-up 1000. */
  code: number;
  /** The reason that came with it, or "". */
  reason: string;
  /** Whether the link was closed in an orderly way. */
  wasClean: boolean;
}

/** How well the link does. */
export interface Health {
  /** 0 to 100: latency 60 (none left at a round trip of 500 ms), loss 30 (none left at 5 %), stability 10 (none left at 5 reconnects). 0 while there is no link. */
  score: number;
  /** `"healthy"` from 80, `"degraded"` from 50; a grade is left downward 5 points below its border. */
  grade: "healthy" | "degraded" | "unhealthy";
  /** The smoothed round trip in milliseconds; `null` before the first pong. */
  rtt: number | null;
  /** Its mean deviation in milliseconds; `null` before the first pong. */
  jitter: number | null;
  /** The share of the last 32 pings that went unanswered, 0 to 1. */
  loss: number;
  /** Links that were lost and replaced in the last 10 minutes. */
  reconnects: number;
  /** Bytes a second given to the socket and taken from it, smoothed over some seconds. */
  throughput: { sent: number; received: number };
  /** Where the score of this link is going. */
  trend: "improving" | "steady" | "worsening";
}

/** One line of the log. */
export interface LogRecord {
  /** `"error"`, `"warn"`, `"info"` or `"debug"`. */
  level: string;
  /** The event's name, or a sentence. */
  message: string;
  /** When, in ISO 8601. */
  timestamp: string;
  /** The request id of the latest attempt; "" before the first. */
  requestId: string;
  /** What else belongs to it: the event's details, or its error under `error`. */
  [field: string]: unknown;
}

/** The events, and what listeners get. */
export interface Events<In = Received, Out = Data> {
  /** The state changed. Comes after `disconnect`, and before `open`, `reconnecting`, `failed` and `close`. */
  statechange: { from: State; to: State };

  /** A link is open, and greeted, or in a session welcomed; on every link. `attempt` counts from 1 since the last stable link. */
  open: {
    /** Where it leads, complete. */
    url: string;
    /** The subprotocol that the server chose, or ""; in a session the one of the application's. */
    protocol: string;
    attempt: number;
    /** Whether a session goes on; `false` for a new one, and without a session. */
    resumed: boolean;
  };

  /**
   * A message came in. Until somebody listens (or iterates) messages wait, within `queue.maxMessages` and
   * `queue.maxBytes`; then the oldest give way, and a `gap` says how many. Does not fire for answers to pings.
   *
   * In a session none gives way: a message counts as handed over when every listener has returned (a throw counts) and
   * every iterator has asked for the next, and no other comes before; the server holds back what is more than it may
   * send ahead. A page that is opened again may get once more what was handed over and not yet acknowledged (within 100
   * ms): who stores `number` with its effect can tell.
   */
  message: {
    data: In;
    /** In a session: its id. */
    session?: string;
    /** In a session: the message's number in its stream; none for a volatile one. */
    number?: number;
    /** In a session: "" for what was sent to it alone, or the room. */
    stream?: string;
  };

  /**
   * An open link is lost: closed by the server, the network, the heartbeat, `reconnect()`, `close()`, or because the
   * page is put away. Does not fire for an attempt that fails.
   */
  disconnect: CloseInfo & {
    /** Whether an attempt will follow, as far as is known now. */
    willRetry: boolean;
    /** Messages that were given to the link since anything came in from it: nobody can say whether they arrived. They are not sent again. In a session: messages that are not acknowledged; what the server did not store is sent again. */
    unconfirmed: number;
  };

  /** Another attempt has got its time, or a sooner one. Does not fire while attempts pause: offline, or with the page put away. */
  reconnecting: {
    /** Which attempt since the last stable link, or since `reconnect()`. */
    attempt: number;
    /** In how many milliseconds. */
    delay: number;
    /** When, as `Date.now()` counts. */
    retryAt: number;
    /** Why, for a person. */
    reason: string;
  };

  /** A link is open in the place of a lost one; right after its `open`. Does not fire for the first link. */
  reconnected: {
    /** How many attempts it took. */
    attempts: number;
    /** Milliseconds without a link. */
    downtime: number;
    /** As in `open`. */
    resumed: boolean;
    /** In a session: messages that a lost link had been given and that are sent again. Otherwise 0. */
    replayed: number;
  };

  /** Given up: RETRIES_EXHAUSTED, REFUSED, UNAUTHORIZED, INVALID_URL, INVALID_OPTION, TAKEN_OVER (another client goes on with this session; what this one had not acknowledged is `dropped`, and `reconnect()` begins another session, or takes this one back if nobody holds it any more) or INTERNAL. Comes after `disconnect` and `statechange`. Its `cause` is the loss that led to it, or what a function gave or threw. */
  failed: SteadfastError;

  /** `close()` has been carried out: the last event of all. Does not fire when the server closes a link; that is `disconnect`. */
  close: CloseInfo;

  /**
   * Something went wrong that the client deals with itself: CONNECT_TIMEOUT, HEARTBEAT_TIMEOUT, MESSAGE_TOO_LARGE (the
   * server closed with 1009, or a greeting is too long), and INVALID_URL, INVALID_OPTION or INVALID_DATA for a function
   * of the application that throws or gives what is no use. In a session also PROTOCOL (a frame that cannot be, or a
   * close with 1009: the session goes on over a new link), SESSION_LOST (the server does not know the session any more,
   * or it belongs to another user: `dropped` and `gap` say what of it is lost, and a new one has begun), UNAUTHORIZED
   * (`auth` failed) and STORAGE (the session lives in memory). Does not fire for a link that is refused or lost:
   * `disconnect` and `reconnecting` tell of those.
   */
  error: SteadfastError;

  /** A ping was answered (`rtt` in milliseconds, `missed` 0), or missed (`rtt` is `null`, `missed` how many in a row). Does not fire while other messages show that the link lives. */
  heartbeat: { rtt: number | null; missed: number };

  /** The grade or the trend of the health changed. Does not fire when only its numbers do: read `health`. */
  health: Health;

  /** Messages begin to wait, or none waits any more (0 and 0). Does not fire in between: read `queued`. */
  queue: { messages: number; bytes: number };

  /** A message that `send` had taken will not be sent, or not again. Does not fire for what `drain()` or an aborted `deliver()` takes back. */
  dropped: {
    /** The message as it was given to `send`. */
    data: Out;
    /** `"overflow"`: no room in the queue. `"ttl"`: it waited too long. `"replaced"`: by one with its key. `"volatile"`: there was no link, or it was lost. `"closed"`: by `close()`. In a session also `"too-large"`: the server takes no message of that size; and `"session-lost"`: its session is gone. */
    reason: "overflow" | "ttl" | "replaced" | "too-large" | "volatile" | "closed" | "session-lost";
    /** `false`: the server does not have it. `"unknown"` (in a session): it was sent, and nobody can know. */
    delivered: false | "unknown";
  };

  /**
   * Messages are missing. Comes before the next message of the stream. Without a session: `missed` messages that came in
   * are lost, because nobody listened and there was no more room (`"overflow"`).
   */
  gap: {
    /** `"up"`: acknowledged messages of this client that the server has lost. */
    direction: "up" | "down";
    /** In a session: "" for what was sent to it alone, or the room; `null`: all of them. */
    stream: string | null;
    /** How many; `null` when that is not known. */
    missed: number | null;
    /** `"expired"`, `"overflow"`, `"acknowledged"` (by a client that had the session before), `"epoch"` (the server lost its log), `"session-lost"` or `"other"`. */
    reason: string;
  };
}

/** The one error of this package, thrown, in promises and in events. */
export class SteadfastError extends Error {
  /** What went wrong: README, "Errors". SNAPSHOT_FAILED does not occur. */
  readonly code:
    | "NOT_READY"
    | "NOT_OPEN"
    | "UNSUPPORTED"
    | "INVALID_URL"
    | "INVALID_OPTION"
    | "INVALID_DATA"
    | "QUEUE_FULL"
    | "MESSAGE_TOO_LARGE"
    | "CONNECT_TIMEOUT"
    | "HEARTBEAT_TIMEOUT"
    | "TIMEOUT"
    | "RETRIES_EXHAUSTED"
    | "REFUSED"
    | "UNAUTHORIZED"
    | "CLOSED"
    | "EXPIRED"
    | "ABORTED"
    | "SESSION_LOST"
    | "TAKEN_OVER"
    | "SNAPSHOT_FAILED"
    | "PROTOCOL"
    | "STORAGE"
    | "INTERNAL";
  /** The request id of the attempt or link that it belongs to, as the server logs it; "" when there is none. */
  readonly requestId: string;
  /** When, in ISO 8601. */
  readonly timestamp: string;
  /** What led to it, where something did. */
  readonly cause?: unknown;
}

/**
 * A WebSocket that stays up. It lives until `close()`, referenced or not, as a WebSocket does: there is nothing else to
 * free. All that it has on the page (socket, timer, listeners) goes with `close()`.
 */
export class Steadfast<In = Received, Out = Data> {
  /**
   * A client, which connects once the present task is over (see `autoConnect`): listeners that are added at once miss
   * nothing. Throws NOT_READY before the module is loaded, INVALID_URL, INVALID_OPTION, and UNSUPPORTED where there is
   * no WebSocket.
   */
  constructor(url: UrlSource, options?: Options & { codec?: "raw" });
  constructor(url: UrlSource, options: Options<In, Out> & { codec: "json" });
  constructor(url: UrlSource, options: Options<In, Out> & { codec: Codec<In, Out> });

  /** Where the client stands. */
  readonly state: State;
  /** Where the latest attempt leads, complete; "" before a function was first asked. */
  readonly url: string;
  /** The subprotocol of the latest link, or "". */
  readonly protocol: string;
  /** Bytes given to the socket that have not left for the network; 0 without a link. */
  readonly bufferedAmount: number;
  /** How well the link does. The same frozen object until something in it changes. */
  readonly health: Health;
  /** What waits to be sent. The same frozen object until it changes. */
  readonly queued: { messages: number; bytes: number };
  /** The session, and whether it goes on from an earlier link or page; `null` before the first welcome, and without the option. The same frozen object until it changes. */
  readonly session: { id: string; resumed: boolean } | null;

  /** Begins to connect, from `"idle"` or `"failed"`. Harmless in every other state: there is never a second link. Throws CLOSED after `close()`. */
  connect(): void;
  /** Drops the link, if there is one, and makes an attempt now, with all counts at zero. The server gets 1000 and `reason`, at most 123 bytes (else INVALID_OPTION). Throws CLOSED after `close()`. */
  reconnect(reason?: string): void;
  /**
   * Gives the server fresh credentials on the live link of a session, for the same user. Resolves when it has taken them.
   * Rejects with UNAUTHORIZED when it refuses them, which ends the link; with NOT_OPEN without a link or when it is lost,
   * TIMEOUT after `heartbeat.timeout`, CLOSED after `close()`, INVALID_OPTION for what is no string, and UNSUPPORTED
   * without a session.
   */
  authenticate(token: string): Promise<void>;
  /**
   * Ends the client for good and at once, without waiting for the server. What waits is dropped with an event each, so
   * `await flush()` first to lose nothing; promises that wait reject with CLOSED. A session ends with it: what may still
   * be sent is sent, and what is not acknowledged is dropped, delivered `"unknown"`. `code`: 1000 (the default) or 3000 to
   * 4999; `reason`: at most 123 bytes; else INVALID_OPTION. A second call is harmless.
   */
  close(code?: number, reason?: string): void;

  /**
   * Sends `data` now, or keeps it in the queue while there is no link. A buffer that has to wait is copied: the caller
   * may use it again at once. What was given to a link is not sent again when that link dies: see `unconfirmed` of
   * `disconnect`; in a session it is kept (a buffer as a copy) and sent again until it is acknowledged, and what is sent
   * in one task leaves together once that is over. Throws CLOSED, INVALID_DATA, INVALID_OPTION, MESSAGE_TOO_LARGE, QUEUE_FULL, and NOT_OPEN with
   * `queue: false`; then nothing was sent or kept.
   */
  send(data: Out, options?: SendOptions): void;
  /**
   * As `send`, and resolves when the message has left for the network; whether it arrived only an answer can tell. In a
   * session: when the server has stored it.
   * Rejects with what `send` throws; with ABORTED when `signal` aborts (a message that still waits is taken back), when
   * `drain()` takes it back or one with its key takes its place; with EXPIRED by its `ttl`; with QUEUE_FULL when it
   * gives way; with NOT_OPEN when the link is lost before it had left (not in a session), or a volatile message finds none; with SESSION_LOST when its session is gone; and with the
   * error of `failed` when the client gives up: its message goes on waiting then.
   */
  deliver(data: Out, options?: SendOptions & { signal?: AbortSignal }): Promise<void>;
  /**
   * Resolves when nothing waits any more and all has left for the network, in a session: has been acknowledged; at once
   * when nothing waits and there is no link. Rejects with TIMEOUT after `timeout` milliseconds (default `Infinity`), CLOSED by `close()`, NOT_OPEN when the
   * link is lost before all had left, and with the error of `failed` when the client gives up.
   */
  flush(options?: { timeout?: number }): Promise<void>;
  /** Takes back what waits (in a session: what no link has been given since the last welcome), as it was given to `send`, in the order in which it would have left. Nothing after `close()`. */
  drain(): Out[];
  /**
   * Sends a ping, or joins the one on its way, and resolves with its round trip in milliseconds. Rejects with NOT_OPEN
   * without a link or when it is lost, TIMEOUT when it is missed or `heartbeat.timeout` is over, and CLOSED after
   * `close()`. Needs a server
   * that answers pings; works with `heartbeat: false` too, by `"PING"` and `"PONG"`.
   */
  ping(): Promise<number>;

  /**
   * Calls `listener` on every `event`, or the next only (`once`), until `signal` aborts or the returned function is
   * called. Adding it a second time does nothing. It may call any method, `close()` included; what it throws is reported
   * as an uncaught error and disturbs nothing. A promise that it returns is not awaited. Throws INVALID_OPTION for an
   * unknown event.
   */
  on<K extends keyof Events>(
    event: K,
    listener: (detail: Events<In, Out>[K]) => void,
    options?: { once?: boolean; signal?: AbortSignal },
  ): () => void;
  /** Removes `listener`, or all of `event`, or all. Iterators and promises of `once` go on. Throws INVALID_OPTION for an unknown event. */
  off<K extends keyof Events>(event?: K, listener?: (detail: Events<In, Out>[K]) => void): void;
  /** Resolves with the next `event`. Rejects with ABORTED when `signal` aborts, CLOSED when it can no longer come, and INVALID_OPTION for an unknown event. */
  once<K extends keyof Events>(event: K, options?: { signal?: AbortSignal }): Promise<Events<In, Out>[K]>;
  /**
   * The messages from now on; each iterator gets all. Ends on `close()`, throws the error of `failed`, and QUEUE_FULL
   * when more than `queue.maxMessages` wait to be read. In a session the slowest reader holds back the others, and the
   * server.
   */
  [Symbol.asyncIterator](): AsyncIterator<In>;
  /** `close()`, for `using`. */
  [Symbol.dispose](): void;
}

/** How one message is treated while it waits. */
export interface SendOptions {
  /** Milliseconds after which it is not worth sending any more: it is dropped. Default `queue.ttl`. */
  ttl?: number;
  /** Sent now or never: without a link, or behind a backlog of `queue.highWaterMark`, it is dropped. Default `false`. */
  volatile?: boolean;
  /** It takes the place of a waiting message with the same key, which is dropped as `"replaced"`: only the latest matters. Default none. */
  key?: string;
  /** `"high"` leaves before all `"normal"` (the default), and those before `"low"`. Order is kept within one priority. */
  priority?: "high" | "normal" | "low";
}

/**
 * Loads the module (once), makes a client, and resolves with it when its link is open. Rejects with what the constructor
 * throws, UNSUPPORTED when the module cannot be loaded, the error of `failed`, and ABORTED or CLOSED when it is closed
 * before.
 */
export function connect(
  url: UrlSource,
  options?: Options & { codec?: "raw" } & ConnectExtras<Received, Data>,
): Promise<Steadfast>;
export function connect<In = unknown, Out = unknown>(
  url: UrlSource,
  options: Options<In, Out> & { codec: "json" } & ConnectExtras<In, Out>,
): Promise<Steadfast<In, Out>>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: Codec<In, Out> } & ConnectExtras<In, Out>,
): Promise<Steadfast<In, Out>>;

/** What `connect` takes beside the client's options. */
export interface ConnectExtras<In, Out> {
  /** Not for `connect`, which always connects: INVALID_OPTION. */
  autoConnect?: never;
  /** Listeners by event, added before the first attempt. */
  on?: { [K in keyof Events]?: (detail: Events<In, Out>[K]) => void };
}

/**
 * Loads the WebAssembly module, once however often it is called; before it has resolved, `new Steadfast` is NOT_READY.
 * `module`: where it is, or what it is; default the file beside the package's script. Rejects with UNSUPPORTED when it
 * cannot be loaded, and the next call tries again. `steadfast/inline` carries the module inside and needs no wait.
 */
export function ready(module?: URL | string | Response | BufferSource | WebAssembly.Module): Promise<void>;
