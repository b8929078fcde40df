// The engine's news as the application's events. Each function takes the host and the numbers that
// belong to the output, in the order of src/outputs.rs.

import { GAP_REASONS, known, STATES } from "./boundary.js";

export const NEWS = {
  statechange(host, from, to) {
    host.shown = STATES[to];
    if (host.shown !== "failed") host.failure = null;
    if (STATES[from] === "open") {
      for (const what in host.asked)
        for (const ticket of host.takeAsked(what)) host.reject(ticket, host.whyUnsettled());
    }
    host.emit("statechange", { from: STATES[from], to: host.shown }, "debug");
  },

  open(host, attempt, resumed) {
    const { url, protocol } = host;
    host.emit("open", { url, protocol, attempt, resumed: !!resumed }, "info", { attempt });
  },

  disconnect(host, cause, code, wasClean, willRetry, unconfirmed) {
    const lost = host.closeInfo(cause, code, wasClean);
    host.emit("disconnect", { ...lost, willRetry: !!willRetry, unconfirmed }, "info");
  },

  reconnecting(host, attempt, delay, cause) {
    const retryAt = Math.round(Date.now() + delay);
    host.emit("reconnecting", { attempt, delay, retryAt, reason: reasonOf(host, cause) }, "info");
  },

  reconnected(host, attempts, downtime, resumed, replayed) {
    host.emit("reconnected", { attempts, downtime, resumed: !!resumed, replayed }, "info");
  },

  failed(host, cause, code, wasClean, kind) {
    host.failure =
      (kind === INVALID && host.fault) ||
      host.error(FAILURES[kind], `given up: ${reasonOf(host, cause)}`, host.closeInfo(cause, code, wasClean));
    if (kind === TAKEN_OVER) host.beginAnew();
    host.rejectAll(host.failure);
    host.emit("failed", host.failure, "error");
  },

  closed(host) {
    host.emit("close", { ...host.farewell, wasClean: true }, "info");
    host.rejectAll(host.gone(), true);
    host.listeners.clear();
  },

  error(host, kind, bytes, number, code) {
    const { connectTimeout } = host.options;
    // The next attempt asks anew.
    if (!kind) host.asking = undefined;
    const error = [
      ["CONNECT_TIMEOUT", `not within ${connectTimeout} ms`],
      ["HEARTBEAT_TIMEOUT", "heartbeat timeout"],
      ["MESSAGE_TOO_LARGE", `largest ${bytes} bytes: closed with 1009`],
      ["PROTOCOL", "breach"],
      ["PROTOCOL", "no welcome: no steadfast.v1?"],
      ["UNDELIVERED", `number ${number}, ${bytes} bytes: closed with ${code}`, { number, bytes, code }],
    ][kind];
    host.emit("error", host.error(...error), "warn");
  },

  heartbeat(host, roundTrip, missed) {
    const rtt = known(roundTrip);
    host.emit("heartbeat", { rtt, missed }, "debug");
    if (missed) host.rejectAsked("ping", "TIMEOUT", "no pong");
    for (const ticket of host.takeAsked("ping")) host.resolve(ticket, rtt);
  },

  warning(host, kind) {
    host.log(
      "warn",
      [
        "no pong: only the browser notices dead links",
        "pings seem to end links: none for a while; set heartbeat",
        `cannot open ${host.url}: address right, server up, origin allowed?`,
      ][kind],
    );
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
    const delivered = !!unknown && "unknown";
    host.emit("dropped", { data, reason, delivered }, "warn", { reason, delivered });
  },

  settled(host, ticket, done) {
    if (done) host.resolve(ticket);
    else host.reject(ticket, host.whyUnsettled());
  },

  gap(host, missed, up, stream, reason) {
    host.emit(
      "gap",
      {
        direction: up ? "up" : "down",
        stream: stream < 0 ? null : host.nameOf(stream),
        missed: known(missed),
        reason: GAP_REASONS[reason],
      },
      "warn",
    );
  },

  lost(host, otherUser) {
    host.emit("error", host.error("SESSION_LOST", otherUser ? "another user's session" : "no such session"), "warn");
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

const FAILURES = ["RETRIES_EXHAUSTED", "REFUSED", "UNAUTHORIZED", "INVALID_URL", "TAKEN_OVER"];
const INVALID = 3;
const TAKEN_OVER = 4;

/** Why messages are dropped, and what that means to who waits for one. */
const DROPS = (
  "overflow QUEUE_FULL,ttl EXPIRED,replaced ABORTED,volatile NOT_OPEN,closed CLOSED," +
  "too-large MESSAGE_TOO_LARGE,session-lost SESSION_LOST"
).split(",");
