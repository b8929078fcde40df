import assert from "node:assert/strict";
import { test } from "./harness/test.mjs";

test("a raw WebSocket is echoed by the server, as text and as binary", {}, async ({ page }) => {
  await page.goto("/pages/raw.html");
  const received = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://${location.host}/ws`);
        const received = [];
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
          socket.send("hello");
          socket.send(new Uint8Array([1, 2, 255]));
          socket.send("PING");
        };
        socket.onmessage = ({ data }) => {
          received.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
          if (received.length === 3) resolve(received);
        };
        socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
      }),
  );
  assert.deepEqual(received, ["hello", [1, 2, 255], "PONG"]);
});
