// The main entry, which loads its module when it is told to: each case has a copy of the package of its own.

import source from "package-as-text";
import { equal, ok } from "../harness/assert.js";
import { ready as inlineReady, moduleBytes } from "../harness/module.js";
import { watchPlatform } from "../harness/platform.js";
import { QUICK, settled, test } from "../harness/test.js";

const FILE = "https://package.test/wasm/steadfast_bg.wasm";

const addressOf = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));

/** The main entry, with nothing loaded. */
async function freshPackage() {
  const address = addressOf(source);
  const entry = await import(address);
  URL.revokeObjectURL(address);
  return entry;
}

function codeOf(act) {
  try {
    act();
  } catch (error) {
    return error.code;
  }
}

const options = (lab) => ({ webSocket: lab.network.WebSocket, autoConnect: false });

export const a_client_before_its_module_is_not_ready = test(async (lab) => {
  const { Steadfast, SteadfastError, ready } = await freshPackage();
  const make = () => new Steadfast("ws://fake.test/", options(lab));
  equal(codeOf(make), "NOT_READY", "the code before");
  try {
    make();
  } catch (error) {
    ok(error instanceof SteadfastError, "it is the package's own error");
  }
  await ready(moduleBytes);
  equal(make().state, "idle", "the state after");
});

export const the_module_is_taken_in_every_form = test(async (lab) => {
  const type = "application/wasm";
  const address = URL.createObjectURL(new Blob([moduleBytes], { type }));
  const forms = {
    bytes: () => moduleBytes,
    buffer: () => moduleBytes.buffer,
    module: () => new WebAssembly.Module(moduleBytes),
    response: () => new Response(moduleBytes, { headers: { "content-type": type } }),
    "response without its type": () => new Response(moduleBytes),
    address: () => address,
    URL: () => new URL(address),
  };
  for (const [name, form] of Object.entries(forms)) {
    const { ready, Steadfast } = await freshPackage();
    await ready(form());
    await ready(moduleBytes);
    equal(new Steadfast("ws://fake.test/", options(lab)).state, "idle", `the state with ${name}`);
  }
});

export const a_module_that_cannot_be_loaded_is_unsupported_and_may_be_tried_again = test(async () => {
  const { ready, SteadfastError } = await freshPackage();
  const wrong = [
    new Uint8Array(8),
    new Response("not found", { status: 404 }),
    URL.createObjectURL(new Blob(["text"])),
  ];
  for (const module of wrong) {
    const error = await ready(module).then(
      () => null,
      (reason) => reason,
    );
    ok(error instanceof SteadfastError, "it is the package's own error");
    equal(error.code, "UNSUPPORTED", "the code");
  }
  await ready(moduleBytes);
});

export const the_entry_that_carries_its_module_is_ready_at_once = test(async () => {
  equal(await inlineReady(), undefined, "what ready() resolves with");
});

/** `fetch` answers in turn as told, and then as the last; what was asked is in the returned list. */
function answering(lab, ...answers) {
  const asked = [];
  lab.replace(globalThis, "fetch", async (address) => {
    asked.push(String(address));
    return answers[Math.min(asked.length, answers.length) - 1]();
  });
  return asked;
}

const offline = () => Promise.reject(new TypeError("Failed to fetch"));
const isThere = () => new Response(moduleBytes);
const shell = () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
const embedded = (lab, importText) => lab.replace(globalThis, "importText", importText);

/** Opens a client of a fresh package, closes it, and says what it logged. */
async function connecting(lab, options) {
  const { connect } = await freshPackage();
  const records = [];
  const log = (record) => records.push(record);
  const promise = connect("ws://fake.test/", { webSocket: lab.network.WebSocket, reconnect: QUICK, log, ...options });
  await Promise.race([promise, lab.network.open()]);
  (await promise).close();
  return records;
}

export const a_shell_in_the_place_of_the_file_leads_to_the_embedded_module = test(async (lab) => {
  const asked = answering(lab, shell);
  embedded(lab, async () => ({ default: () => moduleBytes }));
  const [{ level, message }] = await connecting(lab);
  equal([level, message], ["debug", " answers 200, text/html"], "what is logged first");
  equal(asked, [FILE], "what was asked");
});

export const connect_waits_for_a_module_that_the_network_fails = test(async (lab) => {
  const asked = answering(lab, offline, offline, isThere);
  embedded(lab, offline);
  const records = await connecting(lab);
  equal(records.filter(({ level }) => level === "warn").length, 2, "failures that are logged");
  equal(asked, [FILE, FILE, FILE], "what was asked");
});

export const the_networks_return_ends_the_wait_for_the_module = test(async (lab) => {
  answering(lab, offline, isThere);
  embedded(lab, offline);
  const backOnline = () => queueMicrotask(() => globalThis.dispatchEvent(new Event("online")));
  const log = ({ level }) => level === "warn" && backOnline();
  await connecting(lab, { log, reconnect: { base: 60_000, jitter: "none" } });
});

export const an_embedded_module_that_never_comes_has_a_deadline = test(async (lab) => {
  const asked = answering(lab, shell, isThere);
  const { setTimeout } = globalThis;
  embedded(lab, () => {
    const undo = lab.replace(globalThis, "setTimeout", (ring, ms, ...rest) => {
      undo();
      equal(ms, 60_000, "the deadline");
      return setTimeout(ring, 0, ...rest);
    });
    return new Promise(() => {});
  });
  await connecting(lab);
  equal(asked.length, 2, "requests");
});

export const waiting_for_the_module_leaves_nothing_behind = test(async (lab) => {
  answering(lab, offline);
  embedded(lab, offline);
  const platform = watchPlatform();
  lab.later(platform.stop);
  const { connect } = await freshPackage();
  const reconnect = { base: 60_000, jitter: "none" };
  const controller = new AbortController();
  const { signal } = controller;
  const log = () => queueMicrotask(() => controller.abort());
  const code = await connect("ws://fake.test/", { signal, log, reconnect }).catch((error) => error.code);
  await settled();
  equal([code, platform.timers, platform.listeners], ["ABORTED", 0, []], "code, timers and listeners");
});

export const a_policy_that_forbids_webassembly_is_named = test(async (lab) => {
  const entry = addressOf(source);
  const frame = document.createElement("iframe");
  lab.later(() => frame.remove());
  lab.replace(globalThis, "moduleBytes", moduleBytes);
  const heard = new Promise((resolve) => lab.replace(globalThis, "tell", resolve));
  frame.srcdoc = `
    <meta http-equiv="Content-Security-Policy" content="script-src 'unsafe-inline' blob:">
    <script type="module">
      globalThis.fetch = async () => new Response(parent.moduleBytes);
      globalThis.importText = async () => ({ default: () => parent.moduleBytes });
      const { connect } = await import("${entry}");
      parent.tell(await connect("ws://fake.test/").catch(({ code, message }) => ({ code, message })));
    </script>`;
  document.body.append(frame);
  const { code, message } = await heard;
  equal(code, "UNSUPPORTED", "the code");
  ok(message.includes("a CSP needs 'wasm-unsafe-eval'"), message);
});
