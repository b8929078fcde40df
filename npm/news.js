// The engine's news as the application's events. Each function takes the host and the numbers that
// belong to the output, in the order of src/outputs.rs.

import { GAP_REASONS, known, STATES } from "./boundary.js";

export const NEWS = {
  statechange(host, from, to) {
    host.shown = STATES[to];
    if (host.shown !== "failed") host.failure = null;
    if (STATES[from] === "open") for (const what in host.asked) host.rejectAsked(what, host.whyUnsettled());
    host.emit("statechange", { from: STATES[from], to: host.shown }, "debug");
  },

  open(host, attempt, resumed) {
    const { url, protocol } = host;
    host.emit("open", { url, protocol, attempt, resumed: !!resumed }, "info", { attempt });
  },

  disconnect(host, cause, code, wasClean, willRetry, unconfirmed) {
    host.emit("disconnect", { ...host.closeInfo(cause, code, wasClean), willRetry: !!willRetry, unconfirmed });
  },

  reconnecting(host, attempt, delay, cause) {
    const retryAt = Math.round(Date.now() + delay);
    host.emit("reconnecting", { attempt, delay, retryAt, reason: reasonOf(host, cause) });
  },

  reconnected(host, attempts, downtime, resumed, replayed) {
    host.emit("reconnected", { attempts, downtime, resumed: !!resumed, replayed });
  },

  failed(host, cause, code, wasClean, kind) {
    host.failure =
      (kind === INVALID && host.fault) ||
      host.error(FAILURES[kind], `given up: ${reasonOf(host, cause)}`, host.closeInfo(cause, code, wasClean));
    if (kind === TAKEN_OVER) host.abandon();
    host.rejectAll(host.failure);
    host.emit("failed", host.failure, "error");
  },

  closed(host) {
    host.emit("close", { ...host.farewell, wasClean: true });
    host.rejectAll(host.gone(), true);
    host.listeners.clear();
  },

  error(host, kind, bytes, number, code) {
    // The next attempt asks anew.
    if (!kind) host.asking = undefined;
    const [name, message, cause] = [
      ["CONNECT_TIMEOUT", `connect timeout, ${host.options.connectTimeout} ms`],
      ["HEARTBEAT_TIMEOUT", "heartbeat timeout"],
      ["MESSAGE_TOO_LARGE", `closed with 1009; the largest had ${bytes} bytes`],
      ["PROTOCOL", "protocol"],
      ["PROTOCOL", "never welcomed: does the server speak steadfast.v1?"],
      ["UNDELIVERED", `closed with ${code} behind message ${number}, ${bytes} bytes`, { number, bytes, code }],
    ][kind];
    host.complain(host.error(name, message, cause));
  },

  heartbeat(host, roundTrip, missed) {
    const rtt = known(roundTrip);
    host.emit("heartbeat", { rtt, missed }, "debug");
    if (rtt === null) host.rejectAsked("ping", host.error("TIMEOUT", "no pong"));
    else for (const ticket of host.takeAsked("ping")) host.resolve(ticket, rtt);
  },

  warning(host, kind) {
    const warnings = [
      "no pong: only the browser notices dead links",
      "pings make the server end links: set heartbeat: false, or a ping that it knows",
      `cannot open ${host.url}: address right, server up, origin allowed?`,
    ];
    host.log("warn", warnings[kind]);
  },

  health(host) {
    host.emit("health", host.health, "debug");
  },

  queue(host, messages, bytes) {
    host.emit("queue", { messages, bytes }, "debug");
  },

  dropped(host, payload, ticket, why, unknown) {
    const [reason, code] = DROPS[why].split(" ");
    const data = host.payloads.takeOriginal(payload);
    host.reject(ticket, host.error(code, reason));
    const about = { reason, delivered: unknown ? "unknown" : false };
    host.emit("dropped", { data, ...about }, "warn", about);
  },

  settled(host, ticket, done) {
    if (done) host.resolve(ticket);
    else host.reject(ticket, host.whyUnsettled());
  },

  gap(host, missed, up, stream, reason) {
    const detail = {
      direction: up ? "up" : "down",
      stream: stream < 0 ? null : host.nameOf(stream),
      missed: known(missed),
      reason: GAP_REASONS[reason],
    };
    host.emit("gap", detail, "warn");
  },

  lost(host, otherUser) {
    host.complain(host.error("SESSION_LOST", otherUser ? "another user's" : "gone"));
  },
};

/** What made a link end or an attempt begin, for a person. */
const reasonOf = (host, cause) => CAUSES[cause] || `closed with ${host.lastCode}`;

/** By place; the first is a close by the peer. */
const CAUSES = [
  "",
  "heartbeat timeout",
  "connect timeout",
  "function failed",
  "invalid",
  "requested",
  "suspended",
  "awake",
  "the network is back",
  "protocol",
];

const FAILURES = "RETRIES_EXHAUSTED REFUSED UNAUTHORIZED INVALID_URL TAKEN_OVER".split(" ");
const INVALID = 3;
const TAKEN_OVER = 4;

/** Why messages are dropped, and what that means to who waits for one. */
const DROPS = (
  "overflow QUEUE_FULL,ttl EXPIRED,replaced ABORTED,volatile NOT_OPEN,closed CLOSED," +
  "too-large MESSAGE_TOO_LARGE,session-lost SESSION_LOST"
).split(",");
