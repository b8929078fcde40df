// What can be constructed and connected, and with which payloads.

import { type Codec, connect, type Data, type Options, type Received, ready, Steadfast } from "steadfast";
import * as core from "steadfast/core";
import * as inline from "steadfast/inline";
import { same } from "./assert.js";

// Every kind of URL, now and for each attempt.
new Steadfast("wss://example.org/ws");
new Steadfast(new URL("wss://example.org/ws"));
new Steadfast(() => "wss://example.org/ws");
new Steadfast(async () => new URL("wss://example.org/ws"));
// @ts-expect-error a URL is needed
new Steadfast();
// @ts-expect-error a number is no URL
new Steadfast(8080);
// @ts-expect-error a function that returns no URL
new Steadfast(() => 8080);

// Without a codec payloads are what WebSocket takes and gives.
const plain = new Steadfast("wss://example.org/ws", { codec: "raw" });
plain.send("text");
plain.send(new Uint8Array([1, 2]));
plain.send(new Blob([]));
plain.send(new ArrayBuffer(1));
// @ts-expect-error an object needs a codec
plain.send({ hello: "world" });
// @ts-expect-error a number needs a codec
plain.send(1);
plain.on("message", ({ data }) => same<typeof data, Received>());
same<ReturnType<typeof plain.drain>, Data[]>();

// With "json" the types of both directions are the application's.
interface Question {
  ask: string;
}
interface Answer {
  say: string;
}
const json = new Steadfast<Answer, Question>("wss://example.org/ws", { codec: "json" });
json.send({ ask: "?" });
// @ts-expect-error a question has no `say`
json.send({ say: "!" });
json.on("message", ({ data }) => same<typeof data, Answer>());
json.on("dropped", ({ data }) => same<typeof data, Question>());
same<ReturnType<typeof json.drain>, Question[]>();

// Without types nothing is claimed of what comes in.
const parsed = new Steadfast("wss://example.org/ws", { codec: "json" });
parsed.send({ any: ["thing"] });
parsed.on("message", ({ data }) => same<typeof data, unknown>());
// @ts-expect-error no JSON is an ArrayBuffer
new Steadfast<Received, Data>("wss://example.org/ws", { codec: "json" });

// A codec of one's own.
const codec: Codec<number, Date> = { encode: (date) => date.toISOString(), decode: (data) => String(data).length };
const dated = new Steadfast("wss://example.org/ws", { codec });
dated.send(new Date());
dated.on("message", ({ data }) => same<typeof data, number>());
// @ts-expect-error half a codec
new Steadfast("wss://example.org/ws", { codec: { encode: () => "" } });
// @ts-expect-error no codec of that name
new Steadfast("wss://example.org/ws", { codec: "xml" });

// Options from elsewhere.
const options: Options = { queue: { maxMessages: 5 }, session: true };
const configured = new Steadfast("wss://example.org/ws", options);
same<typeof configured, Steadfast>();
const connected = connect("wss://example.org/ws", options);
same<typeof connected, Promise<Steadfast>>();
const typed: Options<Answer, Question> = { codec: "json" };
same<ReturnType<typeof plainOf>, Steadfast>();
const fromTyped = new Steadfast("wss://example.org/ws", typed);
same<typeof fromTyped, Steadfast<Answer, Question>>();
const connectedTyped = connect("wss://example.org/ws", { ...typed, log: "debug" });
same<typeof connectedTyped, Promise<Steadfast<Answer, Question>>>();
const withOptions = new Steadfast("wss://example.org/ws", { ...options, codec: "raw" });
withOptions.send("text");
function plainOf(options: Options) {
  return new Steadfast("wss://example.org/ws", options);
}
const inlineToo: inline.Options = options;
const coreOptions: core.Options = { session: true };
same<ReturnType<typeof coreOf>, core.Steadfast>();
function coreOf(options: core.Options) {
  return new core.Steadfast("wss://example.org/ws", options);
}
const coreConnected: Promise<core.Steadfast> = core.connect("wss://example.org/ws", coreOptions);

// With a session, each message says where it stands; without one known to the types, it may.
const session = new Steadfast("wss://example.org/ws", { session: true });
session.on("message", (message) => same<[typeof message.stream, typeof message.number], [string, number | null]>());
for await (const { session: id, stream } of session.messages()) same<[typeof id, typeof stream], [string, string]>();
const tab = new Steadfast("wss://example.org/ws", { session: { storage: "tab" }, codec });
tab.on("message", ({ data, stream }) => same<[typeof data, typeof stream], [number, string]>());
const maybe = new Steadfast("wss://example.org/ws", { session: Math.random() > 0.5 });
maybe.on("message", ({ stream }) => same<typeof stream, string | undefined>());
connect("wss://example.org/ws", {
  session: true,
  on: { message: ({ stream, number }) => same<[typeof stream, typeof number], [string, number | null]>() },
}).then((client) => client.once("message").then(({ stream }) => same<typeof stream, string>()));
connect<Answer, Question>("wss://example.org/ws", {
  session: {},
  codec: "json",
  on: { message: ({ data, stream }) => same<[typeof data, typeof stream], [Answer, string]>() },
});
connect("wss://example.org/ws", { on: { message: ({ stream }) => same<typeof stream, string | undefined>() } });
core.connect("wss://example.org/ws", { session: true, on: { message: ({ stream }) => same<typeof stream, string>() } });
const anyClient: Steadfast = session;

// A class of one's own.
class Chat extends Steadfast {
  say(text: string) {
    this.send(text);
  }
}
new Chat("wss://example.org/ws", { session: true }).say("hello");
class Asking extends Steadfast<Answer, Question> {}
new Asking("wss://example.org/ws", { codec: "json" }).send({ ask: "?" });
declare const unknown: unknown;
if (unknown instanceof Steadfast) unknown.close();

// connect() loads, connects, and takes listeners for before the first attempt.
connect("wss://example.org/ws", { on: { open: ({ attempt }) => same<typeof attempt, number>() } });
connect<Answer, Question>("wss://example.org/ws", {
  codec: "json",
  on: { message: ({ data }) => same<typeof data, Answer>() },
});
// @ts-expect-error no event of that name
connect("wss://example.org/ws", { on: { opened: () => {} } });
// @ts-expect-error connect() always connects
connect("wss://example.org/ws", { autoConnect: false });
const opened: Promise<Steadfast> = connect("wss://example.org/ws");

// The module, from wherever it is.
ready();
ready(new URL("https://example.org/steadfast.wasm"));
ready(await fetch("https://example.org/steadfast.wasm"));
ready(new ArrayBuffer(8));
same<ReturnType<typeof ready>, Promise<void>>();

// The entry that carries the module inside has the same class.
const fromInline: Steadfast = new inline.Steadfast("wss://example.org/ws");

export { anyClient, coreConnected, fromInline, inlineToo, opened };
