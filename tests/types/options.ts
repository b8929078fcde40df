// Every option with a value that is allowed, and the mistakes that the types catch.

import type { Decision, Options } from "steadfast";

export const all: Options = {
  protocols: ["chat", "superchat"],
  greet: async ({ attempt }) => [`hello ${attempt}`, new Uint8Array(1)],
  requestIdParam: "requestId",
  autoConnect: false,
  connectTimeout: 5_000,
  binaryType: "blob",
  codec: "raw",
  maxMessage: 1024,
  signal: new AbortController().signal,
  webSocket: WebSocket,
  heartbeat: {
    interval: 1_000,
    timeout: 1_000,
    misses: 2,
    probe: 1_000,
    adaptive: { min: 1_000, max: 2_000 },
    ping: () => new Uint8Array([9]),
    pong: (data) => data instanceof ArrayBuffer,
  },
  reconnect: {
    first: 0,
    min: 0,
    base: 1,
    max: 2,
    factor: 1.5,
    jitter: "decorrelated",
    retries: Number.POSITIVE_INFINITY,
    maxElapsed: 1,
    stableAfter: 1,
    decide: async ({ code, attempt, opened }): Promise<Decision> => (opened ? { after: code + attempt } : "stop"),
  },
  queue: { maxMessages: 1, maxBytes: 1, overflow: "drop-oldest", ttl: 1, highWaterMark: 1 },
  log: ({ level, requestId }) => console.log(level, requestId),
};

export const reliable: Options[] = [
  { session: true, auth: () => "token" },
  { session: {}, auth: async () => "token" },
  { session: { storage: "browser" } },
  { session: { storage: "tab" } },
  { session: { storage: "memory" } },
];

export const on: Options = { heartbeat: true, reconnect: true, queue: true, session: true, auth: "token" };

export const off: Options = { heartbeat: false, reconnect: false, queue: false, requestIdParam: false, log: "silent" };

export const mistakes: Options[] = [
  // @ts-expect-error no such storage
  { session: { storage: "disk" } },
  // @ts-expect-error where it is kept goes into an object
  { session: "browser" },
  // @ts-expect-error a token is a text
  { auth: 7 },
  // @ts-expect-error no such option
  { hearbeat: false },
  // @ts-expect-error no such option one level down
  { heartbeat: { intervall: 1_000 } },
  // @ts-expect-error what comes in is not said by JSON.parse: see construct.ts
  { codec: "json" },
  // @ts-expect-error durations are numbers
  { connectTimeout: "5s" },
  // @ts-expect-error no such jitter
  { reconnect: { jitter: "some" } },
  // @ts-expect-error no such rule
  { queue: { overflow: "drop" } },
  // @ts-expect-error a decision is one of four
  { reconnect: { decide: () => "again" } },
  // @ts-expect-error WebSocket has two binary types
  { binaryType: "nodebuffer" },
  // @ts-expect-error no such level
  { log: "verbose" },
  // @ts-expect-error pong is a text or a test
  { heartbeat: { pong: new Uint8Array(1) } },
];
