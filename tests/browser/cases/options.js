// Options that are wrong: refused where they are given, by their path, with what was given and what is allowed.

import { equal, ok, throwsCode } from "../harness/assert.js";
import { liveEngines, Steadfast } from "../harness/module.js";
import { event, test } from "../harness/test.js";

/** `value` at `path`, as options. */
const at = (path, value) => path.split(".").reduceRight((inner, name) => ({ [name]: inner }), value);

/** Each number among the options: the least that is allowed, whether it has to be whole, whether it may be Infinity. */
const NUMBERS = [
  ["connectTimeout", 1],
  ["maxMessage", 1, "whole"],
  ["heartbeat.interval", 1],
  ["heartbeat.timeout", 1],
  ["heartbeat.misses", 1, "whole"],
  ["heartbeat.probe", 1],
  ["heartbeat.adaptive.min", 1],
  ["heartbeat.adaptive.max", 1],
  ["reconnect.first", 0],
  ["reconnect.min", 0],
  ["reconnect.base", 1],
  ["reconnect.max", 1],
  ["reconnect.factor", 1],
  ["reconnect.retries", 0, "whole", "endless"],
  ["reconnect.maxElapsed", 0, "", "endless"],
  ["reconnect.stableAfter", 0],
  ["queue.maxMessages", 1, "whole"],
  ["queue.maxBytes", 1, "whole"],
  ["queue.ttl", 0, "", "endless"],
  ["queue.highWaterMark", 1, "whole"],
];
const NO_NUMBERS = [null, Number.NaN, Number.NEGATIVE_INFINITY, -1, "1", "", true, false, () => 1, {}, [], [1], 1n];

/** Each option that is no number: what it does not take, and what it takes. */
const OTHERS = [
  ["autoConnect", [null, 0, 1, "true", {}], [false]],
  ["binaryType", [null, "", "text", 1, {}], ["blob", "arraybuffer"]],
  ["protocols", [null, 5, {}, "", "a b", "é", ["a", "a"], [""], [null]], ["a", [], ["a", "b"], () => "a"]],
  ["greet", [null, "hello", true, {}], [() => {}]],
  ["requestIdParam", [null, true, "", 5, () => "id"], [false, "id"]],
  [
    "codec",
    [null, "xml", 5, {}, { encode() {} }, { decode() {} }, () => {}],
    ["raw", "json", { encode() {}, decode() {} }],
  ],
  ["signal", [null, {}, true, "signal", () => {}], [new AbortController().signal]],
  ["session", [null, 5, "browser", [], () => {}], [false, true, {}]],
  ["session.storage", [null, "disk", 5, true, {}], ["browser", "tab", "memory"]],
  ["webSocket", [null, {}, "WebSocket"], []],
  ["log", [null, "loud", 5, {}, true], ["silent", "error", () => {}]],
  ["heartbeat", [null, 5, "", [], () => {}], [false, true, {}]],
  ["heartbeat.adaptive", [null, 5, "", [], () => {}], [false, true, {}]],
  [
    "heartbeat.ping",
    [null, 5, {}, true, []],
    ["hi", new Uint8Array(1), new ArrayBuffer(1), new Blob(["x"]), () => "hi"],
  ],
  ["heartbeat.pong", [null, 5, {}, true, [], new Uint8Array(1)], ["hi", () => true]],
  ["reconnect", [null, 5, "", [], () => {}], [false, true, {}]],
  ["reconnect.jitter", [null, "some", 5, true, {}], ["full", "equal", "decorrelated", "none"]],
  ["reconnect.decide", [null, "retry", {}, true], [() => "retry"]],
  ["queue", [null, 5, "", [], () => {}], [false, true, {}]],
  ["queue.overflow", [null, "drop", 5, true, {}], ["reject", "drop-oldest", "drop-newest"]],
];

const make = (lab, options) =>
  lab.client({ heartbeat: undefined, reconnect: undefined, autoConnect: false, ...options });

function refuses(lab, path, value) {
  const { message } = throwsCode(() => make(lab, at(path, value)), "INVALID_OPTION", `${path}: given `);
  ok(message.includes("allowed: "), `"${message}" says what is allowed`);
}

export const a_number_that_is_none_or_too_small_is_refused_at_every_level = test(async (lab) => {
  for (const [path, least, whole, endless] of NUMBERS) {
    for (const wrong of NO_NUMBERS) refuses(lab, path, wrong);
    if (least > 0) refuses(lab, path, 0);
    if (whole) refuses(lab, path, least + 0.5);
    if (!endless) refuses(lab, path, Number.POSITIVE_INFINITY);
  }
});

export const every_number_takes_what_is_allowed = test(async (lab) => {
  for (const [path, least, whole, endless] of NUMBERS) {
    const allowed = [undefined, least, 40_000];
    if (!whole) allowed.push(least + 0.5);
    if (endless) allowed.push(Number.POSITIVE_INFINITY);
    for (const value of allowed) {
      // The bounds of one pair are compared with each other: see below.
      if (path === "heartbeat.adaptive.min" && value === 40_000) continue;
      equal(make(lab, at(path, value)).state, "idle", `the state with ${path}: ${value}`);
    }
  }
});

export const an_option_of_another_type_is_refused_at_every_level = test(async (lab) => {
  for (const [path, wrong, right] of OTHERS) {
    for (const value of wrong) refuses(lab, path, value);
    for (const value of [undefined, ...right]) make(lab, at(path, value));
  }
});

export const what_was_given_is_named = test(async (lab) => {
  const given = [
    [null, /given null;/],
    [Number.NaN, /given NaN;/],
    [-5, /given -5;/],
    ["30 s", /given "30 s";/],
    [() => 5, /given .*function/i],
    [[5], /given .*array/i],
    [{ ms: 5 }, /given .*object/i],
  ];
  for (const [value, text] of given) {
    const { message } = throwsCode(() => make(lab, { connectTimeout: value }), "INVALID_OPTION", "connectTimeout");
    ok(text.test(message), `"${message}" matches ${text}`);
  }
});

export const a_wrong_name_is_answered_with_the_nearest = test(async (lab) => {
  const names = [
    ["hartbeat", {}, "heartbeat"],
    ["autoconnect", true, "autoConnect"],
    ["websocket", class {}, "webSocket"],
    ["protocol", "a", "protocols"],
    ["heartbeat.intervall", 1, "interval"],
    ["heartbeat.adaptive.mn", 1, "min"],
    ["reconnect.retrys", 1, "retries"],
    ["reconnect.maxelapsed", 1, "maxElapsed"],
    ["queue.maxMessage", 1, "maxMessages"],
    ["queue.highWatermark", 1, "highWaterMark"],
  ];
  for (const [path, value, meant] of names) {
    throwsCode(() => make(lab, at(path, value)), "INVALID_OPTION", `did you mean "${meant}"?`);
    throwsCode(() => make(lab, at(path, value)), "INVALID_OPTION", `${path}: `);
  }
  throwsCode(() => make(lab, { somethingElse: 1 }), "INVALID_OPTION", "somethingElse: given 1; allowed: ");
});

export const an_unknown_name_without_a_value_counts_as_absent = test(async (lab) => {
  equal(make(lab, { hartbeat: undefined, queue: { size: undefined } }).state, "idle", "the state");
});

export const what_is_switched_on_has_its_defaults = test(async (lab) => {
  const on = { heartbeat: true, reconnect: true, queue: true };
  const client = new Steadfast("ws://fake.test/", { webSocket: lab.network.WebSocket, log: "silent", ...on });
  const socket = await lab.network.open();
  client.on("reconnecting", ({ delay }) => ok(delay <= 1_000, "the delay of a first retry"));
  const lost = event(client, "reconnecting");
  socket.drop();
  await lost;
  client.send("waits");
  equal(client.queued.messages, 1, "what waits");
  client.close();
});

export const options_that_are_not_built_are_unknown = test(async (lab) => {
  for (const path of ["share", "queue.persist"]) {
    throwsCode(() => make(lab, at(path, true)), "INVALID_OPTION", `${path}: `);
  }
});

export const options_that_are_no_object_are_refused = test(async (lab) => {
  for (const wrong of [null, 5, "options", true, [], () => {}]) {
    throwsCode(() => new Steadfast("ws://fake.test/", wrong), "INVALID_OPTION", "options: given");
  }
  equal(lab.network.sockets.length, 0, "sockets");
});

export const the_bounds_of_the_adaptive_interval_fit_each_other = test(async (lab) => {
  const adaptive = (min, max) => make(lab, { heartbeat: { adaptive: { min, max } } });
  throwsCode(() => adaptive(2_000, 1_000), "INVALID_OPTION", "heartbeat.adaptive.min");
  throwsCode(() => adaptive(undefined, 1_000) && adaptive(6_000, 5_999.5), "INVALID_OPTION", "heartbeat.adaptive.min");
  adaptive(1_000, 1_000);
  adaptive(60_000);
  make(lab, { heartbeat: { interval: 1_000 } });
  make(lab, { heartbeat: { interval: 90_000, adaptive: { min: 60_000 } } });
});

export const options_of_methods_are_checked_as_well = test(async (lab) => {
  const { client } = await lab.opened();
  const wrong = [
    [() => client.send("x", null), "options"],
    [() => client.send("x", { tll: 5 }), 'did you mean "ttl"?'],
    [() => client.send("x", { ttl: -1 }), "ttl"],
    [() => client.send("x", { ttl: Number.NaN }), "ttl"],
    [() => client.send("x", { volatile: 1 }), "volatile"],
    [() => client.send("x", { key: 5 }), "key"],
    [() => client.send("x", { priority: "urgent" }), "priority"],
    [() => client.send("x", { signal: new AbortController().signal }), "signal"],
    [() => client.on("message", () => {}, { once: 1 }), "once"],
    [() => client.on("message", () => {}, { signal: {} }), "signal"],
    [() => client.on("message", () => {}, { capture: true }), "capture"],
    [() => client.on("message"), "listener"],
    [() => client.on("message", {}), "listener"],
  ];
  for (const [call, text] of wrong) throwsCode(call, "INVALID_OPTION", text);
  client.send("x", { ttl: Number.POSITIVE_INFINITY, volatile: false, key: "", priority: "low" });
});

export const options_of_promises_are_refused_by_rejecting = test(async (lab) => {
  const { client } = await lab.opened();
  const wrong = [
    [() => client.deliver("x", { prio: "high" }), "prio"],
    [() => client.deliver("x", { signal: "signal" }), "signal"],
    [() => client.deliver("x", 5), "options"],
    [() => client.flush({ timeout: -1 }), "timeout"],
    [() => client.flush({ timeout: "5" }), "timeout"],
    [() => client.flush({ time: 5 }), "time"],
    [() => client.once("open", { once: true }), "once"],
    [() => client.once("opened"), 'did you mean "open"?'],
  ];
  for (const [call, text] of wrong) {
    const promise = call();
    ok(promise instanceof Promise, "it returns a promise");
    await promise.then(
      () => ok(false, `${text} is refused`),
      (error) => equal([error.code, error.message.includes(text)], ["INVALID_OPTION", true], error.message),
    );
  }
});

export const an_event_that_does_not_exist_is_refused = test(async (lab) => {
  const client = lab.client();
  throwsCode(() => client.on("mesage", () => {}), "INVALID_OPTION", 'did you mean "message"?');
  throwsCode(() => client.off("closed"), "INVALID_OPTION", 'did you mean "close"?');
  const meant = { connect: "open", connected: "open", reconnect: "reconnected", disconnected: "disconnect" };
  for (const [name, known] of Object.entries({ ...meant, data: "message", msg: "message", opened: "open" })) {
    throwsCode(() => client.on(name, () => {}), "INVALID_OPTION", `did you mean "${known}"?`);
  }
  for (const wrong of [null, 5, "", {}, "constructor", Symbol.iterator]) {
    throwsCode(() => client.on(wrong, () => {}), "INVALID_OPTION", "event");
  }
  throwsCode(() => client.off(null), "INVALID_OPTION", "event");
});

export const a_handler_as_a_property_is_refused_with_what_to_write = test(async (lab) => {
  const client = lab.client();
  for (const name of ["open", "message", "close", "error", "reconnected"]) {
    const assign = () => {
      client[`on${name}`] = () => {};
    };
    throwsCode(assign, "INVALID_OPTION", `on("${name}", listener) instead of on${name}`);
  }
  client.onething = 1;
  equal([client.onething, client.onmessage], [1, undefined], "any other property, and what is read");
});

export const a_bad_close_code_or_reason_is_refused_and_changes_nothing = test(async (lab) => {
  const { client, socket } = await lab.opened();
  for (const code of [0, 999, 1001, 1005, 1006, 2999, 5000, -1, 1000.5, Number.NaN, "1000", null, {}, 3000n]) {
    throwsCode(() => client.close(code), "INVALID_OPTION", "code");
  }
  for (const reason of [null, 5, {}, "x".repeat(124), "é".repeat(62)]) {
    throwsCode(() => client.close(1000, reason), "INVALID_OPTION", "reason");
    throwsCode(() => client.reconnect(reason), "INVALID_OPTION", "reason");
  }
  equal([client.state, socket.readyState], ["open", 1], "client and link");
  client.close(4999, `${"é".repeat(61)}x`);
  equal(socket.closedWith, { code: 4999, reason: `${"é".repeat(61)}x` }, "closed with");
});

export const a_refused_client_leaves_no_engine_behind = test(async (lab) => {
  const before = liveEngines();
  throwsCode(() => lab.client({ reconnect: { retries: -1 } }), "INVALID_OPTION");
  throwsCode(() => lab.client({}, "ws://["), "INVALID_URL");
  equal(liveEngines(), before, "engines");
});
