// Where the module comes from, and what happens where it cannot be had: the built package in Node, which cannot fetch
// files, and against a server that fails as it is told.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dist = path.join(root, "dist");
const ENTRIES = { index: "steadfast", core: "steadfast_core" };
const QUICK = { first: 0, min: 0, base: 1, max: 1 };
const fileOf = (name) => path.join(dist, `wasm/${name}_bg.wasm`);
const folder = mkdtempSync(path.join(os.tmpdir(), "steadfast-loading-"));
after(() => rmSync(folder, { recursive: true }));

/** A socket that opens in the next task. */
class OpenSocket {
  readyState = 0;
  bufferedAmount = 0;
  protocol = "";
  constructor() {
    setImmediate(() => {
      this.readyState = 1;
      this.onopen?.();
    });
  }
  send() {}
  close() {}
}

/** A socket that never opens. */
class SilentSocket extends OpenSocket {
  set onopen(_) {}
}

let copies = 0;
/** An entry with nothing loaded, as a bundler leaves it: at `address`, its embedded module at `text`, if that is elsewhere. */
async function freshEntry(name, address, text) {
  const bundle = path.join(folder, `entry-${++copies}.mjs`);
  await build({
    entryPoints: [path.join(dist, `${name}.js`)],
    outfile: bundle,
    bundle: true,
    format: "esm",
    define: address ? { "import.meta.url": JSON.stringify(address) } : {},
    external: text ? ["*_text.js"] : [],
  });
  if (text) writeFileSync(bundle, readFileSync(bundle, "utf8").replace(`./wasm/${ENTRIES[name]}_text.js`, text));
  return import(pathToFileURL(bundle));
}

const failureOf = (promise) =>
  promise.then(
    () => assert.fail("it resolved"),
    (error) => error,
  );

async function rejects(promise, code, text, SteadfastError) {
  const error = await failureOf(promise);
  assert.equal(error.constructor.name, SteadfastError.name, `a SteadfastError: ${error.stack}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, text);
  return error;
}

/** A client by `connect`, closed again, and what it logged. */
async function connected({ connect }, options = {}) {
  const records = [];
  const log = (record) => records.push(record);
  const client = await connect("ws://localhost/", { webSocket: OpenSocket, reconnect: QUICK, log, ...options });
  assert.equal(client.state, "open");
  client.close();
  return records;
}

describe("without a server", () => {
  for (const [name, module] of Object.entries(ENTRIES)) {
    test(`${name} falls back on its embedded module, and its clients say why at debug`, async () => {
      const entry = await import(pathToFileURL(path.join(dist, `${name}.js`)));
      const records = await connected(entry);
      const said = records.filter(({ message }) => message.includes(`${module}_bg.wasm`));
      assert.equal(said.length, 1, JSON.stringify(records));
      assert.equal(said[0].level, "debug");
    });

    for (const format of ["cjs", "iife"]) {
      test(`${name} works in a bundle of the form ${format}, which has no address`, async () => {
        const bundle = path.join(folder, `${name}-${format}.cjs`);
        const contents = `
          import { connect, SteadfastError } from ${JSON.stringify(path.join(dist, `${name}.js`))};
          const refused = connect("ws://localhost/", { on: 5 });
          refused.catch((error) => console.log(error instanceof SteadfastError, error.code));
          connect("ws://localhost/", { webSocket: ${OpenSocket} }).then((client) => {
            console.log(client.state);
            client.close();
          });`;
        const stdin = { contents, resolveDir: dist };
        const options = { bundle: true, format, outfile: bundle, logOverride: { "empty-import-meta": "silent" } };
        await build({ stdin, ...options });
        const { stdout } = await promisify(execFile)(process.execPath, [bundle]);
        assert.equal(stdout, "true INVALID_OPTION\nopen\n");
      });
    }
  }

  test("inline can be imported where there is no WebAssembly and nothing to decode with", async () => {
    const script = `
      for (const name of ["WebAssembly", "atob", "DecompressionStream", "Response", "fetch"]) delete globalThis[name];
      const { connect, ready, Steadfast, SteadfastError } = await import(process.argv[1]);
      const say = (error) => console.log(error instanceof SteadfastError, error.code);
      try { new Steadfast("ws://localhost/"); } catch (error) { say(error); }
      await connect("ws://localhost/").catch(say);
      await ready().catch(say);`;
    const inline = pathToFileURL(path.join(dist, "inline.js"));
    const args = ["--input-type=module", "--eval", script, inline];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.equal(stdout, "true UNSUPPORTED\n".repeat(3));
  });

  test("inline makes clients as soon as it is imported, with what can decode nothing", async () => {
    const script = `
      for (const name of ["atob", "DecompressionStream", "Response", "fetch"]) delete globalThis[name];
      const { Steadfast } = await import(process.argv[1]);
      console.log(new Steadfast("ws://localhost/", { autoConnect: false, webSocket: class {} }).state);`;
    const inline = pathToFileURL(path.join(dist, "inline.js"));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script, inline]);
    assert.equal(stdout, "idle\n");
  });

  test("a module that is none, or another, is refused, and the next one is taken", async () => {
    const { ready, Steadfast, SteadfastError } = await freshEntry("index");
    const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
    for (const wrong of [new Uint8Array(8), empty, new WebAssembly.Module(empty), null, 5, "nowhere"]) {
      await rejects(ready(wrong), "UNSUPPORTED", /./, SteadfastError);
    }
    await ready(readFileSync(fileOf("steadfast")));
    new Steadfast("ws://localhost/", { autoConnect: false, webSocket: OpenSocket }).close();
  });

  test("each subpath is a file at the package's root", async () => {
    for (const name of ["core", "inline"]) {
      const own = await import(pathToFileURL(path.join(root, `${name}.js`)));
      const real = await import(pathToFileURL(path.join(dist, `${name}.js`)));
      assert.deepEqual({ ...own }, { ...real });
      assert.equal(readFileSync(path.join(root, `${name}.d.ts`), "utf8"), `export * from "./dist/${name}.js";\n`);
    }
    const { exports, files } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
    for (const [file, target] of Object.entries(exports).filter(([file]) => file.endsWith(".wasm"))) {
      assert.deepEqual(readFileSync(path.join(root, file)), readFileSync(path.join(root, target)));
    }
    const shipped = files.filter((file) => file.startsWith("/"));
    assert.deepEqual(
      shipped.filter((file) => !existsSync(path.join(root, file))),
      [],
    );
    assert.equal(shipped.length, 6);
  });
});

describe("with a server", () => {
  const server = http.createServer((request, response) => {
    asked.push(request.url);
    const [answer] = script.length > 1 ? script.splice(0, 1) : script;
    answer(response);
  });
  let script = [];
  let asked = [];
  let address;

  before(async () => {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${server.address().port}/index.js`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const breaksOff = (response) => response.destroy();
  const isThere = (response) => response.end(readFileSync(fileOf("steadfast")));
  const answers = (status, type = "text/html", body = "<!doctype html>") => {
    return (response) => response.writeHead(status, { "content-type": type }).end(body);
  };
  const isCut = (response) => {
    response.writeHead(200, { "content-length": 20_000 });
    response.write(readFileSync(fileOf("steadfast")).subarray(0, 100), () => response.destroy());
  };

  /** The main entry at the server, which does in turn what `answers` say, and then the last of them. */
  function served(answers, text = "./no-such-chunk.js") {
    script = answers;
    asked = [];
    return freshEntry("index", address, text);
  }

  test("connect asks again for what a bad network or a sick server fails", async () => {
    const { connect } = await served([breaksOff, isCut, answers(503), answers(429), answers(500), isThere]);
    const records = await connected({ connect });
    assert.deepEqual(asked, Array(6).fill("/wasm/steadfast_bg.wasm"));
    const said = records.filter(({ level }) => level === "warn");
    assert.equal(said.length, 5, "each failure is logged");
    assert.ok(
      said.every(({ delay }) => delay <= 1),
      "with the delay before the next",
    );
  });

  test("a file that is not there does no harm where the embedded module is", async () => {
    const text = pathToFileURL(path.join(dist, "wasm/steadfast_text.js")).href;
    for (const answer of [answers(404), answers(200), answers(200, "application/wasm", ""), answers(403), breaksOff]) {
      const records = await connected(await served([answer], text));
      assert.equal(asked.length, 1);
      assert.equal(records[0].level, "debug");
    }
  });

  test("what cannot get better is said with what to do, and may be tried again", async () => {
    const { connect, ready, SteadfastError } = await served([answers(404)]);
    const options = { webSocket: OpenSocket, reconnect: QUICK, log: "silent" };
    const refused = connect("ws://localhost/", options);
    await rejects(refused, "UNSUPPORTED", /answers 404, text\/html.*no-such-chunk.*steadfast\/inline/, SteadfastError);
    assert.equal(asked.length, 3, "one failed import of the embedded module is not believed");
    await rejects(ready(), "UNSUPPORTED", /404/, SteadfastError);
    script = [isThere];
    await connected({ connect });
  });

  test("reconnect: false and retries are honoured", async () => {
    for (const [reconnect, times] of [
      [false, 1],
      [{ ...QUICK, retries: 2 }, 3],
      [{ ...QUICK, maxElapsed: 0 }, 1],
    ]) {
      const { connect, SteadfastError } = await served([breaksOff]);
      const given = connect("ws://localhost/", { webSocket: OpenSocket, reconnect, log: "silent" });
      const error = await rejects(given, "RETRIES_EXHAUSTED", /steadfast_bg\.wasm/, SteadfastError);
      assert.equal(error.cause.code, "UNSUPPORTED");
      assert.equal(asked.length, times);
    }
  });

  test("signal and timeout end the waiting for the module", async () => {
    const { connect, SteadfastError } = await served([breaksOff]);
    const slow = { webSocket: OpenSocket, reconnect: { base: 60_000, jitter: "none" } };
    const controller = new AbortController();
    const aborted = connect("ws://localhost/", {
      ...slow,
      signal: controller.signal,
      log: () => controller.abort("enough"),
    });
    assert.equal((await rejects(aborted, "ABORTED", /./, SteadfastError)).cause, "enough");
    await rejects(
      connect("ws://localhost/", { ...slow, log: "silent", timeout: 50 }),
      "TIMEOUT",
      /50 ms/,
      SteadfastError,
    );
    asked = [];
    await rejects(connect("ws://localhost/", { ...slow, signal: AbortSignal.abort() }), "ABORTED", /./, SteadfastError);
    assert.deepEqual(asked, [], "nobody waits, so nothing is asked");
  });

  test("timeout ends the waiting for a link, and its client", async () => {
    const { connect, SteadfastError } = await served([isThere]);
    let closed = false;
    class Socket extends SilentSocket {
      close() {
        closed = true;
      }
    }
    const late = connect("ws://localhost/", { webSocket: Socket, timeout: 50 });
    await rejects(late, "TIMEOUT", /50 ms/, SteadfastError);
    assert.ok(closed, "the socket is closed");
    for (const timeout of [-1, Number.NaN, "1", null]) {
      await rejects(connect("ws://localhost/", { timeout }), "INVALID_OPTION", /timeout/, SteadfastError);
    }
    for (const timeout of [2 ** 31, Number.POSITIVE_INFINITY]) await connected({ connect }, { timeout });
  });

  test("an address that the application gives is never replaced, and what is there is said", async () => {
    const text = pathToFileURL(path.join(dist, "wasm/steadfast_text.js")).href;
    const { ready, SteadfastError } = await served([answers(404)], text);
    const given = address.replace("index.js", "mine.wasm");
    await rejects(ready(given), "UNSUPPORTED", /mine\.wasm answers 404/, SteadfastError);
    script = [answers(200)];
    await rejects(ready(new URL(given)), "UNSUPPORTED", /mine\.wasm answers 200, text\/html/, SteadfastError);
    await rejects(ready(await fetch(given)), "UNSUPPORTED", /mine\.wasm answers 200, text\/html/, SteadfastError);
    script = [breaksOff];
    await rejects(ready(given), "UNSUPPORTED", /mine\.wasm: /, SteadfastError);
    script = [isThere];
    await ready(given);
  });

  test("calls at the same time share one request, and bytes need not wait for it", async () => {
    let answer;
    const { connect, ready } = await served([(response) => (answer = () => isThere(response))]);
    const waiting = [ready(), connected({ connect }), ready()];
    await new Promise((resolve) => server.once("request", resolve));
    await ready(readFileSync(fileOf("steadfast")));
    await connected({ connect });
    answer();
    await Promise.all(waiting);
    assert.equal(asked.length, 1);
  });

  for (const [name, hangs, deadlines] of [
    ["never answers", () => {}, 1],
    ["never ends", (response) => response.writeHead(200).write("\0"), 2],
  ]) {
    test(`a request that ${name} has a deadline, and is repeated`, async (context) => {
      const { connect } = await served([hangs, isThere]);
      const { setTimeout } = globalThis;
      let passes;
      const minutes = [];
      const allSet = new Promise((resolve) => {
        // The deadlines of a minute are this test's to pass.
        context.mock.method(globalThis, "setTimeout", (ring, ms, ...rest) => {
          if (ms !== 60_000) return setTimeout(ring, ms, ...rest);
          passes = () => ring(...rest);
          if (minutes.push(ring) === deadlines) resolve();
        });
      });
      const opened = connected({ connect });
      await allSet;
      passes();
      await opened;
      assert.equal(asked.length, 2);
    });
  }
});
