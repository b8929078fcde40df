/// <reference lib="esnext.disposable" />
// Every duration is in milliseconds, every size in UTF-8 bytes, and every option is optional;
// `undefined` counts as absent. Floor: Chrome 116, Firefox 115, Safari 16.4; lib ES2022.

export type Data = string | ArrayBuffer | ArrayBufferView | Blob;          // what WebSocket.send takes (a SharedArrayBuffer behind a view: INVALID_DATA)
export type Received = string | ArrayBuffer | Blob;                        // what it hands back
export interface Codec<In, Out> { encode(value: Out): Data; decode(data: Received): In }
export type UrlSource = string | URL | (() => string | URL | Promise<string | URL>);
export type State =
  | "idle"          // made with autoConnect: false, connect() not called yet
  | "connecting"    // first attempt under way
  | "open"          // messages flow; in a reliable session: the welcome has been received
  | "reconnecting"  // lost; waiting for, or making, another attempt
  | "offline"       // lost, and the browser says there is no network: attempts are paused until it returns
  | "closing" | "closed"   // close() was called
  | "failed";       // given up: retries used up, or a close that must not be retried; reconnect() leads out of it

export interface Options<In = Received, Out = Data> {
  protocols?: string | string[] | (() => string | string[] | Promise<string | string[]>);   // in a session they travel in the hello
  /** Plain mode: asked on every link and sent first, before the queue, never queued: a token, a subscription. */
  greet?: (link: { attempt: number }) => Data | Data[] | void | Promise<Data | Data[] | void>;
  requestIdParam?: false | string;          // false; a name: plain mode puts the link's request id into this query parameter (a session puts it into the hello)
  autoConnect?: boolean;                    // true
  connectTimeout?: number;                  // 10_000: an attempt that has not opened by then is abandoned and retried
  binaryType?: "arraybuffer" | "blob";      // "arraybuffer"
  codec?: "raw" | "json" | Codec<In, Out>;  // "raw"
  maxMessage?: number;                      // 1 MiB: a longer message is refused at send(); a server's own limit, once known, goes first
  signal?: AbortSignal;                     // aborting it is close()
  webSocket?: typeof WebSocket;             // the platform's

  heartbeat?: false | {
    interval?: number;                      // 30_000
    timeout?: number;                       // 10_000: the longest one ping may stay unanswered; adaptive: shortened to fit the measured round trips (the first is the time the opening took), never under 1_000
    misses?: number;                        // 3 unanswered pings in a row, the later ones sent without waiting for the interval: the link is dead
    probe?: number;                         // 3_000: deadline of the one ping sent at once on waking (visible, pageshow, resume, online, clock jump)
    adaptive?: false | { min?: number; max?: number };  // { min: 5_000, max: 30_000 }: the interval follows the link's health
    ping?: Data | (() => Data);             // "PING"  (plain mode; a reliable session has its own)
    pong?: string | ((data: Received) => boolean);      // "PONG": recognised only while a ping is unanswered, and then not handed to listeners
  };                                        // any inbound message counts as life; a ping is sent only into silence
                                            // plain mode: until this client has ever seen a pong, misses end no link; after `misses` the heartbeat stops and says so once (warn)

  reconnect?: false | {
    first?: number;                         // 1_000: the first retry after an established link waits a random 0..first (a server may set it: herds)
    min?: number;                           // 200: no later retry waits less
    base?: number;                          // 1_000
    max?: number;                           // 60_000
    factor?: number;                        // 2
    jitter?: "full" | "equal" | "decorrelated" | "none";  // "full", applied after the cap
    retries?: number;                       // Infinity; attempts in a row without a stable link
    maxElapsed?: number;                    // Infinity; time without a stable link
    stableAfter?: number;                   // 5_000: a link that has proved itself this long resets the attempt counter
    /** Overrides every row of the close-code table in the documentation. */
    decide?: (lost: CloseInfo & { attempt: number; opened: boolean }) => Decision | undefined | Promise<Decision | undefined>;
  };

  queue?: false | {                         // false: a send without a link throws NOT_OPEN
    maxMessages?: number;                   // 10_000
    maxBytes?: number;                      // 16 MiB
    overflow?: "reject" | "drop-oldest" | "drop-newest";  // "reject": send throws QUEUE_FULL
    ttl?: number;                           // Infinity: a message that waits longer for a link is dropped, with a `dropped` event; one in flight is judged again after a resume
    highWaterMark?: number;                 // 1 MiB of WebSocket.bufferedAmount: past it messages wait in the queue
  };

  log?: "silent" | "error" | "warn" | "info" | "debug" | ((record: LogRecord) => void);  // "warn"
}

export type Decision = "retry" | "stop" | "reauthenticate" | { after: number };   // after: retry in so many milliseconds
export interface CloseInfo { code: number; reason: string; wasClean: boolean }      // the true code, never a made-up 1000
export interface Health {
  score: number;            // 0..100 = latency 60 + loss 30 + stability 10
  grade: "healthy" | "degraded" | "unhealthy";
  rtt: number | null; jitter: number | null;      // smoothed
  loss: number;             // share of the last pings unanswered, 0..1
  reconnects: number;       // in the last 10 minutes
  throughput: { sent: number; received: number }; // bytes a second, smoothed
  trend: "improving" | "steady" | "worsening";
}
export interface LogRecord { level: string; message: string; timestamp: string; requestId: string; [field: string]: unknown }

export interface Events<In = Received, Out = Data> {
  statechange: { from: State; to: State };
  open: { url: string; protocol: string; attempt: number; resumed: boolean };
  message: { data: In; session?: string; number?: number; stream?: string };    // the last three in a reliable session
  disconnect: CloseInfo & { willRetry: boolean; unconfirmed: number };  // every loss of an open link; unconfirmed: messages given to it since its last sign of life
  reconnecting: { attempt: number; delay: number; retryAt: number; reason: string };
  reconnected: { attempts: number; downtime: number; resumed: boolean; replayed: number };
  failed: SteadfastError;                                 // order at the end: disconnect, statechange, failed or close
  close: CloseInfo;                                       // in state "closed" only
  error: SteadfastError;
  heartbeat: { rtt: number | null; missed: number };
  health: Health;                                         // when the grade or the trend changes
  queue: { messages: number; bytes: number };             // when it starts to fill and when it has drained
  dropped: { data: Out; reason: "overflow" | "ttl" | "replaced" | "too-large" | "volatile" | "closed" | "session-lost"; delivered: false | "unknown" };
  gap: { direction: "up" | "down"; stream: string | null; missed: number | null; reason: string };  // never silent, before any live message
}

export class SteadfastError extends Error {               // one class: instanceof holds across all entries of the package
  readonly code: "NOT_READY" | "NOT_OPEN" | "UNSUPPORTED" | "INVALID_URL" | "INVALID_OPTION" | "INVALID_DATA" | "QUEUE_FULL" | "MESSAGE_TOO_LARGE"
    | "CONNECT_TIMEOUT" | "HEARTBEAT_TIMEOUT" | "TIMEOUT" | "RETRIES_EXHAUSTED" | "REFUSED" | "UNAUTHORIZED" | "CLOSED" | "EXPIRED" | "ABORTED"
    | "SESSION_LOST" | "TAKEN_OVER" | "SNAPSHOT_FAILED" | "PROTOCOL" | "STORAGE" | "INTERNAL";
  readonly requestId: string; readonly timestamp: string; readonly cause?: unknown;
}

export class Steadfast<In = Received, Out = Data> {
  /** `url` may be a function: it is asked again before every attempt (a fresh token, another host). Relative and http(s) URLs are accepted. */
  constructor(url: UrlSource, options?: Options & { codec?: "raw" });
  constructor(url: UrlSource, options: Options<In, Out> & { codec: "json" });
  constructor(url: UrlSource, options: Options<In, Out> & { codec: Codec<In, Out> });

  readonly state: State;
  readonly url: string; readonly protocol: string; readonly bufferedAmount: number;
  readonly health: Health;                                // these three: the same frozen object until it changes
  readonly queued: { messages: number; bytes: number };

  connect(): void;                                        // harmless when connected or connecting: never a second link; CLOSED after close()
  reconnect(reason?: string): void;                       // drop the link and start over now
  close(code?: number, reason?: string): void;            // final, ends the session too (await flush() first to lose nothing); frees timers, listeners and the link; 1000 or 3000..4999 and at most 123 bytes of reason
  /** Sends now, or queues while there is no link. A buffer that has to wait is copied: the caller may reuse it at once. Throws QUEUE_FULL, CLOSED, MESSAGE_TOO_LARGE, INVALID_DATA. */
  send(data: Out, options?: SendOptions): void;
  /** Resolves when the server has acknowledged the message (reliable session), or when it has left for the network. */
  deliver(data: Out, options?: SendOptions & { signal?: AbortSignal }): Promise<void>;
  flush(options?: { timeout?: number }): Promise<void>;   // resolves when nothing is queued or unacknowledged
  drain(): Out[];                                         // takes back what has no number now: never sent, or freed by the last welcome
  ping(): Promise<number>;                                // one round trip

  // A listener that throws is reported as the platform reports it (reportError) and disturbs nothing. Listeners may call any method, close() included.
  // Messages wait (bounded by the queue's limits) until a message listener or an iterator exists.
  on<K extends keyof Events>(event: K, listener: (detail: Events<In, Out>[K]) => void, options?: { once?: boolean; signal?: AbortSignal }): () => void;
  off<K extends keyof Events>(event?: K, listener?: (detail: Events<In, Out>[K]) => void): void;
  once<K extends keyof Events>(event: K, options?: { signal?: AbortSignal }): Promise<Events<In, Out>[K]>; // rejects with CLOSED or ABORTED when it can no longer come
  [Symbol.asyncIterator](): AsyncIterator<In>;            // messages from its creation on; each iterator gets all; ends on close, throws on failed
  [Symbol.dispose](): void;                               // close(); twice is harmless. There is no free(): an open client that nobody references goes on, as a WebSocket does
}
export interface SendOptions {
  ttl?: number;
  volatile?: boolean;                       // sent only on a live link, never queued, never resent
  key?: string;                             // takes the place of a queued message with the same key: only the latest matters
  priority?: "high" | "normal" | "low";     // "normal": order among queued messages; order is kept within one priority
}

/** Loads the WebAssembly module (once), connects, and resolves when the link is open; rejects when it failed for good or `signal` aborted. `on`: listeners attached before the first attempt. */
export function connect(url: UrlSource, options?: Options & { codec?: "raw" } & ConnectExtras<Received, Data>): Promise<Steadfast>;
export function connect<In = unknown, Out = unknown>(url: UrlSource, options: Options<In, Out> & { codec: "json" } & ConnectExtras<In, Out>): Promise<Steadfast<In, Out>>;
export function connect<In, Out>(url: UrlSource, options: Options<In, Out> & { codec: Codec<In, Out> } & ConnectExtras<In, Out>): Promise<Steadfast<In, Out>>;
export interface ConnectExtras<In, Out> { autoConnect?: never; on?: { [K in keyof Events]?: (detail: Events<In, Out>[K]) => void } }
/** Loads the module alone; `new Steadfast` before it resolved throws NOT_READY. `steadfast/inline` carries the module inside and needs no wait. */
export function ready(module?: URL | string | Response | BufferSource | WebAssembly.Module): Promise<void>;
