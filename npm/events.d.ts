// What a client tells.

import type { SteadfastError } from "./index.js";
import type { Data, Received, State } from "./options.js";

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

/** Where a message of a session stands. */
export interface Place {
  /** The session's id. */
  session: string;
  /** "" for what was sent to the session alone, or the room. */
  stream: string;
  /** The message's number in its stream; `null` for a volatile one, which has none. */
  number: number | null;
}

/** The events, and what listeners get. `InSession`: `true` for a client that was made with a session. */
export interface Events<In = Received, Out = Data, InSession extends boolean = boolean> {
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
  message: { data: In } & ([InSession] extends [true] ? Place : Partial<Place>);

  /**
   * An open link is lost: closed by the server, the network, the heartbeat, `reconnect()`, `close()`, `release()`, or
   * because the page is put away. Does not fire for an attempt that fails.
   */
  disconnect: CloseInfo & {
    /** Whether an attempt will follow, as far as is known now. */
    willRetry: boolean;
    /** Messages that were given to the link since anything came in from it: nobody can say whether they arrived. They are not sent again. In a session: messages that are not acknowledged; what the server did not store is sent again. */
    unconfirmed: number;
  };

  /** Another attempt has got its time, or another one. While the browser says that there is no network, or that the page was put away, attempts are `reconnect.max` apart. */
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

  /** `close()` or `release()` (4000) has been carried out: the last event of all. Does not fire when the server closes a link; that is `disconnect`. */
  close: CloseInfo;

  /**
   * Something went wrong that the client deals with itself: CONNECT_TIMEOUT, HEARTBEAT_TIMEOUT, MESSAGE_TOO_LARGE (the
   * server closed with 1009, or a greeting is too long), and INVALID_URL, INVALID_OPTION or INVALID_DATA for a function
   * of the application that throws or gives what is no use. In a session also PROTOCOL (a frame that cannot be, or a
   * close with 1009: the session goes on over a new link; or the first three attempts failed, so that the server may not
   * speak steadfast.v1), UNDELIVERED (links end right behind one message, which `cause` names with `number`, `bytes` and
   * the close `code`; `drain()` takes it back), SESSION_LOST (the server does not know the session any more,
   * or it belongs to another user: `dropped` and `gap` say what of it is lost, and a new one has begun), UNAUTHORIZED
   * (`auth` failed) and STORAGE (what is to be kept lives in memory, or something of it cannot be read). With the options
   * `snapshot` also SNAPSHOT_FAILED (state that cannot be captured, restored or saved; messages are not concerned). Does not fire for a link that is refused or lost:
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
    /** `"overflow"`: no room in the queue. `"ttl"`: it waited too long. `"replaced"`: by one with its key. `"volatile"`: there was no link, or it was lost. `"closed"`: by `close()`, or `release()` where it is not stored. In a session also `"too-large"`: the server takes no message of that size; and `"session-lost"`: its session is gone. */
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
  /** The state has been stored, after it had changed. Does not fire when only the positions of a checkpoint were. */
  snapshot: {
    version: number;
    /** What it took to send it, in bytes. */
    bytes: number;
    /** Whether the whole state was sent, or what had changed. */
    full: boolean;
  };

  /** `restore` has been given a stored state: its version (0 for one that no server has), and when it was saved, as `Date.now()` counts. Comes before `open`. */
  restored: { version: number; savedAt: number };

  /** What `queue.persist` keeps is in memory only ("failed"): a STORAGE in an `error` event comes with it; or is on the disk again ("restored"). Nothing that is stored is lost meanwhile. */
  storage: {
    state: "failed" | "restored";
    /** What went wrong, for a person. */
    reason: string;
  };
}
