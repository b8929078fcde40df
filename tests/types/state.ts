// State that outlives the page: options, events, the method, and that `steadfast/core` has none of it.

import type { Options, Steadfast, SteadfastError } from "steadfast";
import {
  type SteadfastError as CoreError,
  type Options as CoreOptions,
  Steadfast as CoreSteadfast,
  connect,
} from "steadfast/core";
import { same } from "./assert.js";

const capture = () => ({ draft: "" });

export const stateful: Options[] = [
  { session: true, queue: { persist: "chat" } },
  { session: true, queue: { persist: false }, snapshot: false },
  { session: true, snapshot: { capture } },
  {
    session: true,
    snapshot: { capture, restore: (state, { version, savedAt }) => [state, version + savedAt], interval: 1_000 },
  },
  { session: true, snapshot: { capture, key: "draft" } },
  { snapshot: { capture, key: () => "draft", endpoint: "/state" } },
  { snapshot: { capture, endpoint: new URL("https://example.org/state") } },
];

export const mistakes: Options[] = [
  // @ts-expect-error nothing can be saved that is not captured
  { snapshot: { key: "draft" } },
  // @ts-expect-error `true` says nothing
  { snapshot: true },
  // @ts-expect-error it needs a name
  { queue: { persist: true } },
  // @ts-expect-error what a state is has to be looked at
  { snapshot: { capture, restore: (state) => state.draft } },
];

declare const client: Steadfast;
same<ReturnType<typeof client.snapshot>, Promise<{ version: number } | null>>();
client.on("snapshot", ({ version, bytes, full }) => {
  same<[typeof version, typeof bytes, typeof full], [number, number, boolean]>();
});
client.on("storage", ({ state, reason }) => same<[typeof state, typeof reason], ["failed" | "restored", string]>());
client.on("restored", ({ version, savedAt }) => same<[typeof version, typeof savedAt], [number, number]>());

export const plain: CoreOptions[] = [{ session: true, queue: { ttl: 1, maxMessages: 1 } }, { queue: false }];
export const notInCore: CoreOptions[] = [
  // @ts-expect-error the durable queue is in `steadfast`
  { session: true, queue: { persist: "chat" } },
  // @ts-expect-error snapshots are in `steadfast`
  { session: true, snapshot: { capture } },
];

const core = new CoreSteadfast("/ws", { heartbeat: false });
same<typeof core, CoreSteadfast>();
core.send("text");
core.on("open", ({ url }) => same<typeof url, string>());
// @ts-expect-error there is nothing to save
core.snapshot();
for await (const message of core) same<typeof message, string | ArrayBuffer | Blob>();
same<typeof CoreError, typeof SteadfastError>();
const opened = await connect<{ n: number }, { n: number }>("/ws", {
  codec: "json",
  on: { message: ({ data }) => data.n },
});
opened.send({ n: 1 });
