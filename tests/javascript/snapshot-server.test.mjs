// The example of a server that keeps snapshots, and what docs/SNAPSHOTS.md says of the two requests.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const vectors = JSON.parse(read("protocol/vectors.json"));

const example = fileURLToPath(new URL("../../examples/snapshot-server.mjs", import.meta.url));
const server = spawn(process.execPath, [example], {
  env: { ...process.env, PORT: "0" },
  stdio: ["ignore", "pipe", "inherit"],
});
after(() => server.kill());
const [line] = await new Promise((resolve, reject) => {
  createInterface({ input: server.stdout }).once("line", (...lines) => resolve(lines));
  server.once("exit", (code) => reject(new Error(`the example ended with ${code}`)));
});
const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)[1];

const post = async (path, body, headers = {}) => {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
};

const saved = async (body, headers) => {
  const answer = await post("/save", body, headers);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

const refused = async (path, body, headers) => {
  const { status, headers: answered, body: error } = await post(path, body, headers);
  assert.equal(error.requestId, answered.get("x-request-id"));
  assert.ok(error.message && Date.parse(error.timestamp));
  return [status, error.errorCode, error.version];
};

test("a state is saved, compared and given back", async () => {
  assert.deepEqual(await refused("/restore", { key: "a" }), [404, "NOT_FOUND", undefined]);
  const data = { text: "grüße 🙂", list: [1, 2.5, null, "\ud83d"] };
  const first = await saved({ key: "a", base: 0, data });
  assert.deepEqual(await saved({ key: "a", base: 0, data }), first, "its answer was lost");
  const { body } = await post("/restore", { key: "a" });
  assert.deepEqual(body, { ...first, data, savedAt: body.savedAt });
  assert.equal(body.expiresAt - body.savedAt, 86_400_000);

  assert.deepEqual(await refused("/save", { key: "a", base: 0, data: 1 }), [409, "STALE", first.version]);
  const second = await saved({ key: "a", base: first.version, data: null });
  assert.ok(second.version > first.version);
  assert.equal((await post("/restore", { key: "a" })).body.data, null);
  assert.deepEqual(await refused("/save", { key: "new", base: 7, data: 1 }), [409, "STALE", 0]);
});

test("the positions of a session are given back with its state", async () => {
  const sessionId = "session-1";
  const positions = { "": [7, 12], lobby: [1, 3] };
  const order = { sessionId, token: "t", term: "1-0", base: 0, data: [1], positions };
  const { version } = await saved(order);
  assert.equal((await saved(order)).version, version, "the same again");
  // Nothing changed but the positions.
  const further = {
    ...order,
    data: undefined,
    base: version,
    delta: [0, 3],
    ...measure("[1]"),
    positions: { "": [7, 13] },
  };
  const later = await saved(further);
  assert.ok(later.version > version);
  const { body } = await post("/restore", { sessionId, token: "t" });
  assert.deepEqual([body.data, body.positions], [[1], { "": [7, 13] }]);
});

test("each name and each user has its own", async () => {
  const names = [{ sessionId: "x" }, { key: "x" }, { key: "y" }];
  const anna = { authorization: "Bearer anna" };
  for (const [data, name] of names.entries()) await saved({ ...name, base: 0, data });
  await saved({ key: "x", base: 0, data: "hers" }, anna);
  for (const [data, name] of names.entries()) assert.equal((await post("/restore", name)).body.data, data);
  assert.equal((await post("/restore", { key: "x" }, anna)).body.data, "hers");
});

test("the documented save is one", async () => {
  const documented = JSON.parse(/```json\n(.*"delta".*)\n```/.exec(read("docs/SNAPSHOTS.md"))[1]);
  const { version } = await saved({ key: documented.key, base: 0, data: { draft: "good mo" } });
  await saved({ ...documented, base: version });
  const { body } = await post("/restore", { key: documented.key });
  assert.deepEqual(body.data, { draft: "good evening" });
});

for (const { name, base, delta, text } of vectors.deltas.filter(({ base }) => isJson(base))) {
  test(`a delta: ${name}`, async () => {
    const key = `delta: ${name}`;
    const { version } = await saved({ key, base: 0, data: JSON.parse(base) });
    const { bytes, check } = measure(text ?? base);
    const body = `{"key":${JSON.stringify(key)},"base":${version},"delta":${delta || null},"bytes":${bytes},"check":${check}}`;
    const { status } = await post("/save", body);
    if (text && isJson(text)) assert.equal(status, 200);
    else assert.ok([400, 422].includes(status), `${status}`);
    const restored = await post("/restore", { key });
    assert.equal(JSON.stringify(restored.body.data), text && isJson(text) ? text : base);
  });
}

test("what means nothing is refused, and so is what is too large", async () => {
  const order = { key: "k", base: 0, data: 1 };
  for (const wrong of [
    { ...order, key: undefined },
    { ...order, sessionId: "both" },
    { key: "k", base: 0 },
    "{",
    "7",
  ]) {
    assert.deepEqual(await refused("/save", wrong), [400, "INVALID_SNAPSHOT", undefined]);
  }
  const type = { "content-type": "text/plain" };
  assert.deepEqual(await refused("/save", order, type), [415, "UNSUPPORTED_MEDIA_TYPE", undefined]);
  assert.deepEqual(await refused("/other", order), [404, "NOT_FOUND", undefined]);
  const data = "x".repeat(256 * 1024 - 1);
  assert.deepEqual(await refused("/save", { ...order, data }), [413, "TOO_LARGE", undefined]);
  await saved({ ...order, data: data.slice(1) });
});

test("a page of another origin may ask", async () => {
  const response = await fetch(`${url}/save`, { method: "OPTIONS" });
  assert.equal(response.status, 204);
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.match(response.headers.get("access-control-allow-headers"), /authorization, content-type/);
});

function isJson(text) {
  try {
    return JSON.stringify(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}

function measure(text) {
  const known = vectors.checks.find((entry) => entry.text === text);
  let check = 0x811c9dc5;
  for (const byte of Buffer.from(text)) check = Math.imul(check ^ byte, 0x01000193) >>> 0;
  if (known) assert.equal(check, known.check);
  return { bytes: Buffer.byteLength(text), check };
}
