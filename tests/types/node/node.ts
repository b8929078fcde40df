// Node: its own types instead of those of browsers, and sockets of the package `ws`.

import { readFile } from "node:fs/promises";
import { type Data, type Options, type Received, ready, Steadfast } from "steadfast";
import * as core from "steadfast/core";
import WebSocket from "ws";
import { same } from "../assert.js";

await ready(await readFile("steadfast.wasm"));
const options: Options = { webSocket: WebSocket, signal: AbortSignal.timeout(1_000) };
const client = new Steadfast(new URL("ws://127.0.0.1:8080/ws"), options);
new core.Steadfast("ws://127.0.0.1:8080/ws", { webSocket: WebSocket, queue: true });
client.send(new Blob(["x"]));
client.send(Buffer.from("x"));
same<Data, string | ArrayBuffer | ArrayBufferView | Blob>();
for await (const data of client) same<typeof data, Received>();
// @ts-expect-error no class of sockets
new Steadfast("ws://127.0.0.1:8080/ws", { webSocket: class {} });
// @ts-expect-error no signal
client.deliver("x", { signal: true });
