// The numbers that cross to the WebAssembly module and back, by name. The other side of each list
// stands in src/inputs.rs and src/outputs.rs.

/** What happened: the first argument of `Client.handle`. */
export const Input = {
  connect: 0,
  reconnect: 1,
  close: 2,
  send: 3,
  withdraw: 4,
  flush: 5,
  ping: 6,
  listen: 7,
  linkOpened: 8,
  greeted: 9,
  linkFailed: 10,
  linkMessage: 11,
  linkClosed: 12,
  decided: 13,
  decisionPending: 14,
  timeout: 15,
  offline: 16,
  online: 17,
  suspend: 18,
  resume: 19,
  wake: 20,
  transmitted: 21,
};

/** What the engine knows: the first argument of `Client.query`. Health is nine numbers in a row. */
export const Query = {
  state: 0,
  queuedMessages: 1,
  queuedBytes: 2,
  wouldWait: 3,
  expectsLink: 4,
  awaitsPong: 5,
  takeBack: 6,
  health: 7,
};

/**
 * What to do, by the number that `Client.poll` returns, and how many numbers belong to it. The first
 * seven are done by the method of the host of that name, the others are told by that function of
 * news.js.
 */
export const OUTPUTS = [
  ["wait", 1],
  ["dial", 2],
  ["greet", 2],
  ["transmit", 1],
  ["transmitPing", 0],
  ["hangUp", 1],
  ["decide", 5],
  ["deliver", 1],
  ["statechange", 2],
  ["open", 1],
  ["disconnect", 5],
  ["reconnecting", 3],
  ["reconnected", 2],
  ["failed", 4],
  ["closed", 0],
  ["error", 2],
  ["heartbeat", 2],
  ["heartbeatStopped", 0],
  ["health", 0],
  ["queue", 2],
  ["dropped", 3],
  ["settled", 2],
  ["gap", 1],
];

/** Why `Client.handle` refused, by the number that it returns. */
export const REFUSALS = ["", "CLOSED", "NOT_OPEN", "QUEUE_FULL", "MESSAGE_TOO_LARGE"];

export const STATES = [
  "idle",
  "connecting",
  "open",
  "reconnecting",
  "offline",
  "closing",
  "closed",
  "failed",
];

/** What a socket has still to send when it takes nothing any more. */
export const TAKES_NOTHING = 0xffff_ffff;
