// The members of a client, and what its events carry.

import {
  type CloseInfo,
  type Events,
  type Health,
  type SendOptions,
  type State,
  Steadfast,
  SteadfastError,
} from "steadfast";
import { same } from "./assert.js";

declare const client: Steadfast;

same<typeof client.state, State>();
same<typeof client.health, Health>();
same<typeof client.bufferedAmount, number>();
same<typeof client.queued, { messages: number; bytes: number }>();
same<typeof client.session, { id: string; resumed: boolean } | null>();
// @ts-expect-error the state is not for setting
client.state = "open";
// @ts-expect-error neither is the URL
client.url = "wss://example.org/";

same<ReturnType<typeof client.authenticate>, Promise<void>>();
client.authenticate("token");
// @ts-expect-error a token is a string
client.authenticate(7);
client.connect();
client.reconnect();
client.reconnect("the user asked");
client.close();
client.close(4000, "bye");
// @ts-expect-error the code comes first
client.close("bye");

const options: SendOptions = { ttl: 1_000, volatile: false, key: "cursor", priority: "high" };
same<ReturnType<typeof client.send>, void>();
client.send("text", options);
// @ts-expect-error no such priority
client.send("text", { priority: "urgent" });
same<ReturnType<typeof client.deliver>, Promise<void>>();
client.deliver("text", { ...options, signal: new AbortController().signal });
client.flush({ timeout: 1_000 });
same<ReturnType<typeof client.ping>, Promise<number>>();

// on() returns the way to stop listening.
const stop = client.on("open", ({ url, protocol, attempt }) => {
  same<typeof url, string>();
  same<typeof protocol, string>();
  same<typeof attempt, number>();
});
same<typeof stop, () => void>();
client.on("statechange", ({ from, to }) => same<[typeof from, typeof to], [State, State]>());
client.on("close", (info) => same<typeof info, CloseInfo>());
client.on("failed", (error) => same<typeof error, SteadfastError>());
client.on("error", (error) => same<typeof error, SteadfastError>(), { once: true });
client.on("heartbeat", ({ rtt }) => same<typeof rtt, number | null>());
client.on("message", ({ session, number, stream }) => {
  same<[typeof session, typeof stream], [string | undefined, string | undefined]>();
  same<typeof number, number | null | undefined>();
});
client.on("dropped", ({ delivered }) => same<typeof delivered, false | "unknown">());
client.on("gap", ({ missed, stream }) => same<[typeof missed, typeof stream], [number | null, string | null]>());
client.on("reconnected", ({ resumed, replayed }) => same<[typeof resumed, typeof replayed], [boolean, number]>());
// @ts-expect-error no such event
client.on("opened", () => {});
// @ts-expect-error this event has no such detail
client.on("open", ({ delay }) => delay);
client.off("open");
client.off();
// @ts-expect-error no such event
client.off("opened");

// once() with a listener returns the same; without one it is a promise.
const never = client.once("message", ({ data }) => same<typeof data, string | ArrayBuffer | Blob>());
same<typeof never, () => void>();
client.once("close", (info) => same<typeof info, CloseInfo>(), { signal: new AbortController().signal });
// @ts-expect-error it is once already
client.once("close", () => {}, { once: true });
// @ts-expect-error a handler is added by on()
client.onmessage = () => {};
same<ReturnType<typeof client.release>, void>();
const once: Promise<Events["open"]> = client.once("open", { signal: new AbortController().signal });

// Messages as a loop, and a client for the length of a block.
for await (const data of client) same<typeof data, string | ArrayBuffer | Blob>();
for await (const { data, stream } of client.messages()) {
  same<[typeof data, typeof stream], [string | ArrayBuffer | Blob, string | undefined]>();
}
{
  using short = new Steadfast("wss://example.org/ws");
  short.send("text");
}

// Errors: one class, and codes that can be told apart.
try {
  client.send("text");
} catch (error) {
  if (error instanceof SteadfastError) {
    const { code, requestId, timestamp } = error;
    same<[typeof requestId, typeof timestamp], [string, string]>();
    if (code === "QUEUE_FULL" || code === "CLOSED") console.log(code);
    // @ts-expect-error no such code
    if (code === "FULL") console.log(code);
  }
}

export { once };
