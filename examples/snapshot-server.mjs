// Keeps the state of pages: the two requests that Steadfast's option `snapshot.endpoint` makes, in plain Node.
//
//   node examples/snapshot-server.mjs                   # PORT=8090 unless it says otherwise
//   connect(url, { snapshot: { endpoint: "http://127.0.0.1:8090", capture, restore } })
//
// What both requests mean is in docs/SNAPSHOTS.md. This server keeps everything in memory and trusts whoever
// comes: a real one looks the bearer token up, keeps its snapshots in a database, and names its pages' origins.

import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";

const MAX_TEXT = 256 * 1024;
const MAX_BODY = MAX_TEXT + 64 * 1024;
const LIFE = 24 * 60 * 60 * 1000;

/** By user and name: { version, base, text, positions, savedAt }. */
const snapshots = new Map();

const server = createServer(async (request, response) => {
  const requestId = /^[\w-]{1,64}$/.exec(request.headers["x-request-id"])?.[0] ?? randomUUID();
  const headers = {
    "content-type": "application/json",
    "x-request-id": requestId,
    // Any page may save here, for there are no cookies to abuse.
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "authorization, content-type, x-request-id",
    "access-control-expose-headers": "retry-after, x-request-id",
  };
  const answer = (status, body) => response.writeHead(status, headers).end(JSON.stringify(body));
  try {
    if (request.method === "OPTIONS") return response.writeHead(204, headers).end();
    const handle = { "POST /save": save, "POST /restore": restore }[`${request.method} ${request.url}`];
    if (!handle) throw new Refusal(404, "NOT_FOUND", "there is nothing at this path");
    answer(200, handle(userOf(request), await read(request)));
  } catch (error) {
    const { status, errorCode, message, version } =
      error instanceof Refusal ? error : new Refusal(500, "INTERNAL", String(error));
    answer(status, { errorCode, message, timestamp: new Date().toISOString(), requestId, version });
  }
});

/** `POST /save`: stores what a page gives, if it builds on what is stored. */
function save(user, { sessionId, key, base, data, delta, bytes, check, positions }) {
  const place = placeOf(user, sessionId, key);
  const stored = find(place);
  if (stored?.base === base && same(stored, { data, bytes, check, positions })) return told(stored, { sessionId, key });
  if (base !== (stored?.version ?? 0)) {
    throw new Refusal(409, "STALE", "another version than the base is stored", stored?.version ?? 0);
  }
  const text = delta === undefined ? JSON.stringify(data) : apply(stored?.text ?? "", delta);
  if (text === undefined) throw new Refusal(400, "INVALID_SNAPSHOT", "give data or a delta");
  if (Buffer.byteLength(text) > MAX_TEXT) throw new Refusal(413, "TOO_LARGE", "the snapshot is too large");
  if (delta !== undefined && !(fits(text, bytes, check) && isJson(text))) throw mismatch();
  // A version is never given twice, even after the one before it has expired.
  const version = stored ? stored.version + 1 : Date.now();
  const next = { version, base, text, positions, savedAt: Date.now() };
  snapshots.set(place, next);
  return told(next, { sessionId, key });
}

/** `POST /restore`: what was stored last. */
function restore(user, { sessionId, key }) {
  const stored = find(placeOf(user, sessionId, key));
  if (!stored) throw new Refusal(404, "NOT_FOUND", "no snapshot is stored");
  const { text, positions, savedAt } = stored;
  return { ...told(stored, { sessionId, key }), data: JSON.parse(text), positions, savedAt };
}

const told = ({ version, savedAt }, name) => ({ ...name, version, expiresAt: savedAt + LIFE });

/** Whether this is the save that made what is stored: its answer was lost, and it has come again. */
function same({ text, positions: stored }, { data, bytes, check, positions }) {
  if (JSON.stringify(stored) !== JSON.stringify(positions)) return false;
  if (data !== undefined) return JSON.stringify(data) === text;
  return fits(text, bytes, check);
}

const fits = (text, bytes, check) => Buffer.byteLength(text) === bytes && fnv1a32(text) === check;

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The text that a delta makes of another one: two integers copy bytes of it, a string is inserted. */
function apply(base, delta) {
  const from = Buffer.from(base);
  const pieces = [];
  let bytes = 0;
  if (!Array.isArray(delta)) throw mismatch();
  for (let at = 0; at < delta.length; at++) {
    if (typeof delta[at] === "string") pieces.push(Buffer.from(delta[at]));
    else {
      const [start, length] = [delta[at], delta[++at]];
      if (!(Number.isInteger(start) && Number.isInteger(length) && start >= 0 && length >= 0)) throw mismatch();
      if (start + length > from.length) throw mismatch();
      pieces.push(from.subarray(start, start + length));
    }
    bytes += pieces.at(-1).length;
    if (bytes > MAX_TEXT) throw new Refusal(413, "TOO_LARGE", "the snapshot is too large");
  }
  return Buffer.concat(pieces).toString();
}

/** FNV-1a of 32 bits over the UTF-8 bytes. */
function fnv1a32(text) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function find(place) {
  const stored = snapshots.get(place);
  if (stored && stored.savedAt + LIFE > Date.now()) return stored;
  snapshots.delete(place);
}

/** Here everybody who shows the same token is the same user. */
function userOf({ headers }) {
  return createHash("sha256")
    .update(headers.authorization ?? "")
    .digest("hex");
}

function placeOf(user, sessionId, key) {
  const good = (name) => typeof name === "string" && name.length > 0 && name.length <= 128;
  if (good(sessionId) === good(key)) throw new Refusal(400, "INVALID_SNAPSHOT", "give either a sessionId or a key");
  return JSON.stringify([user, sessionId ?? null, key ?? null]);
}

async function read(request) {
  if (!/^application\/json\b/i.test(request.headers["content-type"])) {
    throw new Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "send Content-Type: application/json");
  }
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > MAX_BODY) throw new Refusal(413, "TOO_LARGE", "the snapshot is too large");
    parts.push(part);
  }
  try {
    return Object(JSON.parse(Buffer.concat(parts)));
  } catch {
    throw new Refusal(400, "INVALID_SNAPSHOT", "the body is no JSON");
  }
}

const mismatch = () => new Refusal(422, "MISMATCH", "the delta does not make the text that bytes and check tell of");

class Refusal extends Error {
  constructor(status, errorCode, message, version) {
    super(message);
    Object.assign(this, { status, errorCode, version });
  }
}

server.listen(Number(process.env.PORT ?? 8090), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
