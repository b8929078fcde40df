/// <reference lib="es2018.asynciterable" />
/// <reference lib="esnext.disposable" />
// Every duration is in milliseconds and every size in UTF-8 bytes. The options are in options.d.ts, the events in
// events.d.ts.

import type { Events, Health } from "./events.js";
import type { Codec, Data, Options, Platform, Received, SessionOption, State, UrlSource } from "./options.js";

export type { CloseInfo, Events, Health, LogRecord, Place } from "./events.js";
export type {
  Codec,
  CodecName,
  Data,
  Decision,
  Options,
  Platform,
  Received,
  SessionOption,
  Socket,
  State,
  UrlSource,
} from "./options.js";

/** The one error of this package, thrown, in promises and in events. */
export class SteadfastError extends Error {
  /** What went wrong: README, "Errors". */
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
    | "UNDELIVERED"
    | "STORAGE"
    | "INTERNAL";
  /** The request id of the attempt or link that it belongs to, as the server logs it; "" when there is none. */
  readonly requestId: string;
  /** When, in ISO 8601. */
  readonly timestamp: string;
  /** What led to it, where something did. Of a SNAPSHOT_FAILED what `capture` or `restore` threw, or `{ reason, version }`: why the state was refused, and the version that is stored. */
  readonly cause?: unknown;
  /** `"unknown"` where `deliver` was given up with while its message was on its way: it may arrive all the same. */
  readonly delivered?: "unknown";
}

/**
 * A WebSocket that stays up. It lives until `close()` or `release()`, referenced or not, as a WebSocket does: there is
 * nothing else to free. All that it has on the page (socket, timer, listeners) goes with them.
 */
export interface Steadfast<In = Received, Out = Data, InSession extends boolean = boolean> {
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
   * Lets go of the client without an end, as for a component's clean-up: the link closes as when a page goes away (4000),
   * and timers, listeners and locks are freed. The session and what is stored (with `queue.persist`, `snapshot`) stay for
   * the next client of this name, which may be made in the same task; before that the state is captured. What waited in
   * memory only is `dropped`, `"closed"`; promises that wait reject with CLOSED, that of a stored message as well; then
   * comes `close`, with 4000. Where nothing is stored (without a session and
   * `snapshot`, or with storage `"memory"`) it is `close(4000)`. Afterwards every call throws CLOSED; twice is harmless.
   */
  release(): void;

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
   * Rejects with what `send` throws; with ABORTED when `signal` aborts (a message that still waits is taken back; of
   * another one the error says `delivered: "unknown"`), when
   * `drain()` takes it back or one with its key takes its place; with EXPIRED by its `ttl`; with QUEUE_FULL when it
   * gives way; with NOT_OPEN when the link is lost before it had left (not in a session), or a volatile message finds none; with SESSION_LOST when the server
   * has forgotten whether it arrived, or its session is another user's; and with the
   * error of `failed` when the client gives up: its message goes on waiting then.
   */
  deliver(data: Out, options?: SendOptions & { signal?: Platform<"AbortSignal"> }): Promise<void>;
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
   * Captures the state and saves it now. Resolves with its version when it is stored, or was stored already; with `null`
   * when `capture` gives `undefined`. Without a link it waits for one. Rejects with SNAPSHOT_FAILED when `capture` fails
   * or the state is refused, with TIMEOUT after 30_000 ms, with CLOSED by `close()`, with the error of `failed` when the
   * client gives up, and with UNSUPPORTED without the option `snapshot`.
   */
  snapshot(): Promise<{ version: number } | null>;

  /**
   * Calls `listener` on every `event`, or the next only (`once`), until `signal` aborts or the returned function is
   * called. Adding it a second time does nothing. It may call any method, `close()` included; what it throws is reported
   * as an uncaught error and disturbs nothing. A promise that it returns is not awaited. Throws INVALID_OPTION for an
   * unknown event.
   */
  on<K extends keyof Events>(
    event: K,
    listener: (detail: Events<In, Out, InSession>[K]) => void,
    options?: { once?: boolean; signal?: Platform<"AbortSignal"> },
  ): () => void;
  /** Removes `listener`, or all of `event`, or all. Iterators and promises of `once` go on. Throws INVALID_OPTION for an unknown event. */
  off<K extends keyof Events>(event?: K, listener?: (detail: Events<In, Out, InSession>[K]) => void): void;
  /** As `on`, and calls `listener` once. */
  once<K extends keyof Events>(
    event: K,
    listener: (detail: Events<In, Out, InSession>[K]) => void,
    options?: { signal?: Platform<"AbortSignal"> },
  ): () => void;
  /** Resolves with the next `event`. Rejects with ABORTED when `signal` aborts, CLOSED when it can no longer come, and INVALID_OPTION for an unknown event. */
  once<K extends keyof Events>(
    event: K,
    options?: { signal?: Platform<"AbortSignal"> },
  ): Promise<Events<In, Out, InSession>[K]>;
  /**
   * The messages from now on; each iterator gets all. Ends on `close()`, throws the error of `failed`, and QUEUE_FULL
   * when more than `queue.maxMessages` wait to be read. In a session the slowest reader holds back the others, and the
   * server.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<In>;
  /** As the async iterator, with the whole detail of the event: `data`, and in a session `session`, `stream` and `number`. Each loop over it begins anew. */
  messages(): AsyncIterable<Events<In, Out, InSession>["message"]>;
  /** `close()`, for `using`. */
  [Symbol.dispose](): void;
  /** "Steadfast". */
  readonly [Symbol.toStringTag]: string;
}

/**
 * A client, which connects once the present task is over (see `autoConnect`): listeners that are added at once miss
 * nothing. Throws NOT_READY before the module is loaded, INVALID_URL, INVALID_OPTION, and UNSUPPORTED where there is
 * no WebSocket.
 */
export const Steadfast: {
  new <S extends SessionOption = SessionOption>(
    url: UrlSource,
    options?: Options & { codec?: "raw"; session?: S },
  ): Steadfast<Received, Data, IsOn<S>>;
  new <In, Out, S extends SessionOption = SessionOption>(
    url: UrlSource,
    options: Options<In, Out> & { codec: "json"; session?: S },
  ): Steadfast<In, Out, IsOn<S>>;
  new <In, Out, S extends SessionOption = SessionOption>(
    url: UrlSource,
    options: Options<In, Out> & { codec: Codec<In, Out>; session?: S },
  ): Steadfast<In, Out, IsOn<S>>;
  new <In, Out, S extends SessionOption = SessionOption>(
    url: UrlSource,
    options: Options<In, Out> & { session?: S },
  ): Steadfast<In, Out, IsOn<S>>;
  // biome-ignore lint/suspicious/noExplicitAny: as that of any generic class.
  readonly prototype: Steadfast<any, any>;
};

/** Whether an option switches something on: `boolean` where that is not known. */
export type IsOn<Option> = Option extends false ? false : true;
/** Options that switch the session on. */
export type WithSession = { session: Exclude<SessionOption, false> };

/** How one message is treated while it waits. */
export interface SendOptions {
  /** Milliseconds after which it is not worth sending any more: it is dropped. Default `queue.ttl`. */
  ttl?: number;
  /** Sent now or never: without a link, or behind a backlog of `queue.highWaterMark`, it is dropped. Default `false`. */
  volatile?: boolean;
  /** A waiting message with the same key is dropped as `"replaced"`: only the latest matters. It goes to the end of its lane. Default none. */
  key?: string;
  /** `"high"` leaves before all `"normal"` (the default), and those before `"low"`. Order is kept within one priority. */
  priority?: "high" | "normal" | "low";
}

/**
 * Loads the module (once), makes a client, and resolves with it when its link is open. A module that a bad network or a
 * sick server fails, or that has not come within a minute, is loaded again with the delays, `retries` and `maxElapsed` of
 * `reconnect`; each failure is logged as a warning.
 *
 * Never throws; rejects with a SteadfastError: with what the constructor throws, RETRIES_EXHAUSTED when the module's
 * retries are used up, UNSUPPORTED when there is none to be had (see `ready`), the error of `failed`, TIMEOUT, and ABORTED
 * when `signal` aborts. Then no client is left.
 */
export function connect(
  url: UrlSource,
  options: Options & { codec?: "raw" } & WithSession & ConnectExtras<Received, Data, true>,
): Promise<Steadfast<Received, Data, true>>;
export function connect(
  url: UrlSource,
  options?: Options & { codec?: "raw" } & ConnectExtras<Received, Data>,
): Promise<Steadfast>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: "json" } & WithSession & ConnectExtras<In, Out, true>,
): Promise<Steadfast<In, Out, true>>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: "json" } & ConnectExtras<In, Out>,
): Promise<Steadfast<In, Out>>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: Codec<In, Out> } & WithSession & ConnectExtras<In, Out, true>,
): Promise<Steadfast<In, Out, true>>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: Codec<In, Out> } & ConnectExtras<In, Out>,
): Promise<Steadfast<In, Out>>;
export function connect<In, Out, Auto extends boolean = boolean>(
  url: UrlSource,
  options: Options<In, Out> & ConnectExtrasOf<In, Out, Auto>,
): Promise<Steadfast<In, Out>>;

/** What `connect` takes beside the client's options. */
export interface ConnectExtras<In, Out, InSession extends boolean = boolean> {
  /** Not for `connect`, which always connects: INVALID_OPTION. */
  autoConnect?: never;
  /** Milliseconds after which it rejects with TIMEOUT when no link has opened by then, loading the module included. Default `Infinity`. */
  timeout?: number;
  /** Listeners by event, added before the first attempt. */
  on?: { [K in keyof Events]?: (detail: Events<In, Out, InSession>[K]) => void };
}

/** The same beside options from a variable, which may have the name `autoConnect` as long as it has no value. */
export type ConnectExtrasOf<In, Out, Auto extends boolean> = Omit<ConnectExtras<In, Out>, "autoConnect"> & {
  autoConnect?: boolean extends Auto ? Auto : never;
};

/** Where the WebAssembly module is, or what it is. */
export type ModuleSource =
  | string
  | Platform<"URL">
  | Platform<"Response">
  | ArrayBuffer
  | ArrayBufferView
  | (typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never);

/**
 * Loads the WebAssembly module, once however often it is called; before it has resolved, `new Steadfast` is NOT_READY.
 *
 * Without `module`: the file beside the package's script, and where that cannot be had the copy that the package carries
 * as a script, which is imported then; why is logged at `"debug"` by every client. `module`: where it is, or what it is;
 * nothing is tried in its place. Rejects with UNSUPPORTED when it cannot be loaded, or has not come within a minute: the
 * message says what was found and, where WebAssembly is missing or forbidden, what to set. The next call tries again.
 * `steadfast/inline` carries the module inside and needs no wait.
 */
export function ready(module?: ModuleSource): Promise<void>;
