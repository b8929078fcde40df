// What can be constructed and connected, and with which payloads.

import { type Codec, connect, type Data, type Received, ready, Steadfast } from "steadfast";
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

// A codec of one's own.
const codec: Codec<number, Date> = { encode: (date) => date.toISOString(), decode: (data) => String(data).length };
const dated = new Steadfast("wss://example.org/ws", { codec });
dated.send(new Date());
dated.on("message", ({ data }) => same<typeof data, number>());
// @ts-expect-error half a codec
new Steadfast("wss://example.org/ws", { codec: { encode: () => "" } });
// @ts-expect-error no codec of that name
new Steadfast("wss://example.org/ws", { codec: "xml" });

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

export { fromInline, opened };
