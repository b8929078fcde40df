// Workers: the library "webworker" instead of "dom".

import { connect, ready, Steadfast } from "steadfast";
import * as inline from "steadfast/inline";
import { same } from "../assert.js";

ready(await fetch("/steadfast.wasm"));
ready(new WebAssembly.Module(new Uint8Array()));
const client = await connect("/ws", { session: true, webSocket: WebSocket, signal: AbortSignal.timeout(1_000) });
client.send(new Blob(["x"]));
client.on("message", ({ data, stream }) => {
  same<[typeof data, typeof stream], [string | ArrayBuffer | Blob, string]>();
});
new inline.Steadfast(() => new URL("ws://example.org")).release();
new Steadfast("/ws", { binaryType: "blob" }).close();
