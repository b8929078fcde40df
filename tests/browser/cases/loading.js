// The main entry, which loads its module when it is told to: each case has a copy of the package of its own.

import source from "package-as-text";
import { equal, ok } from "../harness/assert.js";
import { ready as inlineReady, moduleBytes } from "../harness/module.js";
import { test } from "../harness/test.js";

/** The main entry, with nothing loaded. */
async function freshPackage() {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
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
