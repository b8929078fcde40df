// No platform at all: the language's own library.

import { type Data, type Received, ready, Steadfast } from "steadfast";
import { connect } from "steadfast/core";
import { same } from "../assert.js";

ready("/steadfast.wasm");
ready(new Uint8Array());
same<Data, string | ArrayBuffer | ArrayBufferView>();
same<Received, string | ArrayBuffer>();
const client = new Steadfast("ws://127.0.0.1:8080/ws", { session: { storage: "memory" } });
client.send(new Uint8Array(1));
for await (const { data, number } of client.messages()) same<[typeof data, typeof number], [Received, number | null]>();
connect("ws://127.0.0.1:8080/ws").then((opened) => opened.on("open", ({ url }) => same<typeof url, string>()));
// @ts-expect-error without its types there is no such class
export type Missing = Blob;
