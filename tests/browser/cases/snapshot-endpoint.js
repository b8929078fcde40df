// State that is saved by HTTP: at any server, with a session or without.

import { equal, hasCode, ok, rejectsCode } from "../harness/assert.js";
import { FakeEndpoint } from "../harness/endpoint.js";
import { again, freshUrl, inSession, nextPeer } from "../harness/peer.js";
import { application, applied, measured, saving } from "../harness/state.js";
import { copiesOf, copiesWhen, putCopy } from "../harness/stored.js";
import { event, ignored, namesOf, record, settled, test } from "../harness/test.js";

const putAway = () => globalThis.dispatchEvent(new Event("pagehide"));

/** An address that no other test has. */
const freshAddress = () => freshUrl().replace("ws:", "http:");

/** A client without a session whose state is at `address`, under a key unless `fields` say otherwise. */
const plain = (lab, app, address, fields) => lab.client(saving(app, { key: "draft", endpoint: address, ...fields }));

/** The same, with an open link. */
async function opened(lab, app, address = freshAddress(), fields = {}) {
  const client = plain(lab, app, address, fields);
  const opening = event(client, "open");
  const socket = await lab.network.open();
  await opening;
  return { client, socket, address };
}

export const the_dial_waits_for_the_state = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  let answer;
  endpoint.onrestore = () => new Promise((resolve) => (answer = resolve));
  const app = application(null);
  const address = `${freshAddress()}?tenant=7`;
  const client = plain(lab, app, address);
  const events = record(client);
  const [{ what, method, url, body, headers }] = await endpoint.until((all) => (all.length ? all : undefined));
  equal([what, method, body], ["restore", "POST", { key: "draft" }], "the request");
  equal(url, address.replace("?", "/restore?"), "its address");
  equal(headers, { "content-type": "application/json" }, "its headers");
  await settled();
  equal([lab.network.sockets.length, client.state], [0, "connecting"], "before the answer");
  answer([200, { sessionId: "draft", data: { n: 1 }, version: 7, savedAt: 1_000, expiresAt: 2_000 }]);
  await lab.network.open();
  equal(app.restored, [[{ n: 1 }, { version: 7, savedAt: 1_000 }]], "restored");
  equal(namesOf(events), ["statechange connecting", "restored", "statechange open", "open"], "events");
});

export const state_is_saved_by_post_and_changes_as_deltas = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const app = application({ list: Array.from({ length: 500 }, (_, id) => ({ id })), n: 1 });
  const { client } = await opened(lab, app);
  const news = record(client, ["snapshot"]);
  equal(await client.snapshot(), { version: 101 }, "the first");
  const before = JSON.stringify(app.state);
  const { body, keepalive, raw } = await endpoint.save();
  equal([body.key, body.base, body.data, body.positions], ["draft", 0, app.state, undefined], "the whole");
  equal({ bytes: body.bytes, check: body.check }, measured(before), "its measure");
  equal(!!keepalive, false, "keepalive");
  app.state = { ...app.state, n: 2 };
  equal(await client.snapshot(), { version: 102 }, "the second");
  const { body: delta, raw: short } = await endpoint.save(2);
  equal([delta.base, delta.data], [101, undefined], "the delta");
  ok(short.length < 200 && raw.length > 4_000, `${short.length} bytes`);
  equal(applied(before, JSON.stringify(delta.delta)), JSON.stringify(app.state), "what it makes");
  equal(
    news.map(([, { version, full }]) => [version, full]),
    [
      [101, true],
      [102, false],
    ],
    "events",
  );
  equal([await client.snapshot(), endpoint.saves.length], [{ version: 102 }, 2], "unchanged");
});

export const a_restore_that_fails_fails_the_attempt = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const answers = [
    () => [500, {}],
    () => [401, {}],
    () => [200, {}],
    () => [200, { data: 1, version: 0 }],
    () => [200, { data: 1, version: "1" }],
    () => Promise.reject(new TypeError("no network")),
    () => [200, { data: { n: 1 }, version: 3 }],
  ];
  endpoint.onrestore = () => answers.shift()();
  const app = application(null);
  const client = plain(lab, app, freshAddress());
  const errors = record(client, ["error"]);
  await lab.network.next();
  equal([errors.length, app.restored.length], [6, 1], "errors, and how often it was restored");
  for (const [, error] of errors) hasCode(error, "SNAPSHOT_FAILED", "restoring");
});

export const a_restore_that_is_not_answered_is_given_up = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const ends = [];
  lab.replace(AbortSignal, "timeout", (ms) => {
    const end = new AbortController();
    ends.push([ms, end]);
    return end.signal;
  });
  endpoint.onrestore = () => new Promise(() => {});
  const client = plain(lab, application(null), freshAddress());
  const failed = event(client, "error");
  await endpoint.until((all) => (all.length ? all : undefined));
  // After connectTimeout; storage has a time of its own.
  const [, end] = ends.find(([ms]) => ms === 10_000);
  endpoint.onrestore = () => [404, {}];
  end.abort(new DOMException("late", "TimeoutError"));
  hasCode(await failed, "SNAPSHOT_FAILED");
  await lab.network.next();
});

export const every_answer_to_a_save_is_understood = test(async (lab) => {
  const refusals = [
    [409, "stale", { version: 9 }],
    [413, "too-large", {}],
    [507, "quota", {}],
    [401, "unauthorized", {}],
    [403, "unauthorized", {}],
    [503, "unavailable", {}],
    [400, "refused", {}],
    [409, "refused", { errorCode: "TAKEN_OVER" }],
    [422, "mismatch", {}],
    [200, "refused", {}],
    [200, "refused", { version: "x" }],
  ];
  for (const [status, reason, content] of refusals) {
    const endpoint = new FakeEndpoint(lab);
    const app = application({ n: 1 });
    const { client } = await opened(lab, app);
    endpoint.onsave = () => [status, content];
    const { cause } = await rejectsCode(client.snapshot(), "SNAPSHOT_FAILED", reason);
    equal(cause.reason, reason, `the reason of ${status}`);
    if (reason === "stale") equal(cause.version, 9, "the version");
    client.close();
  }
  const endpoint = new FakeEndpoint(lab);
  const { client } = await opened(lab, application({ n: 1 }));
  endpoint.onsave = () => Promise.reject(new TypeError("no network"));
  await rejectsCode(client.snapshot(), "SNAPSHOT_FAILED", "unreachable");
});

export const a_save_that_comes_too_early_is_tried_again_when_the_server_says = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const { client } = await opened(lab, application({ n: 1 }));
  const errors = record(client, ["error"]);
  const answers = [
    [429, {}, { "retry-after": "0" }],
    [429, {}, { "retry-after": new Date(Date.now() - 1_000).toUTCString() }],
    [200, { version: 5 }],
  ];
  answers[1][2]["retry-after"] = "0.001";
  endpoint.onsave = () => answers.shift();
  equal([await client.snapshot(), endpoint.saves.length, errors], [{ version: 5 }, 3, []], "tried again");
});

export const a_save_that_was_not_answered_is_sent_again_as_it_was = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const app = application({ n: 1 });
  const { client } = await opened(lab, app);
  const { onsave } = endpoint;
  endpoint.onsave = () => Promise.reject(new TypeError("no network"));
  await rejectsCode(client.snapshot(), "SNAPSHOT_FAILED", "unreachable");
  app.state = { n: 2 };
  endpoint.onsave = onsave;
  await client.snapshot();
  equal(await client.snapshot(), { version: 102 }, "the state of now");
  equal(
    endpoint.saves.map(({ body }) => [body.base, body.data]),
    [
      [0, { n: 1 }],
      [0, { n: 1 }],
      [101, { n: 2 }],
    ],
    "saves",
  );
});

export const a_state_without_a_key_is_saved_on_top_of_what_is_there = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const { client } = await opened(lab, application({ n: 1 }), freshAddress(), { key: undefined });
  endpoint.onsave = ({ body }) => (body.base === 8 ? [200, { version: 9 }] : [409, { version: 8 }]);
  equal([await client.snapshot(), endpoint.saves.length], [{ version: 9 }, 2], "saved");
});

export const a_server_that_takes_no_deltas_gets_the_whole = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const app = application({ text: "x".repeat(1_000), n: 1 });
  const { client } = await opened(lab, app);
  await client.snapshot();
  endpoint.onsave = ({ body }) => (body.delta ? [400, {}] : [200, { version: 200 }]);
  app.state = { ...app.state, n: 2 };
  equal(await client.snapshot(), { version: 200 }, "the version");
  equal(
    endpoint.saves.map(({ body }) => Object.keys(body).includes("delta")),
    [false, true, false],
    "saves",
  );
});

export const a_page_that_is_put_away_saves_with_keepalive_if_it_is_short = test(async (lab) => {
  for (const [length, alive] of [
    [10, true],
    [70_000, false],
  ]) {
    const endpoint = new FakeEndpoint(lab);
    const app = application({ n: 1 });
    const { client, address } = await opened(lab, app);
    await client.snapshot();
    app.state = { text: "x".repeat(length) };
    endpoint.onsave = () => new Promise(() => {});
    putAway();
    const [, { keepalive, body }] = endpoint.saves;
    equal([!!keepalive, body.data], [alive, app.state], `a save of ${length}`);
    const [{ key, base, text }] = await copiesWhen(address, (copies) => copies.length === 1);
    equal([key, base, text], ["k:draft", 101, JSON.stringify(app.state)], "the local copy");
    client.close();
  }
});

export const a_local_copy_goes_on_from_what_the_endpoint_has = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const copy = (address, fields) => {
    const text = '{"n":2}';
    return putCopy({
      name: address,
      key: "k:draft",
      base: 5,
      text,
      check: measured(text).check,
      savedAt: 3_000_000_000_000,
      ...fields,
    });
  };
  for (const [version, n] of [
    [5, 2],
    [6, 1],
  ]) {
    const address = freshAddress();
    await copy(address);
    endpoint.onrestore = () => [200, { data: { n: 1 }, version }];
    const app = application(null);
    const { client } = await opened(lab, app, address);
    equal(app.restored[0][0], { n }, `restored at ${version}`);
    client.close();
  }
  const address = freshAddress();
  await copy(address, { base: 0 });
  endpoint.onrestore = () => [404, {}];
  const app = application(null);
  await opened(lab, app, address);
  equal(app.restored[0][0], { n: 2 }, "restored where nothing is stored");
});

export const without_a_key_a_client_has_a_state_of_its_own_that_the_next_page_finds = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const address = freshAddress();
  const own = { key: undefined };
  const ids = () => endpoint.requests.map(({ body }) => body.sessionId);
  await opened(lab, application(null), address, own);
  const second = await opened(lab, application(null), address, own);
  const [first, other] = ids();
  ok(/^[0-9a-f]{32}$/.test(first) && other !== first, "two at once have two");
  second.client.close();
  putAway();
  const { client } = await opened(lab, application({ n: 1 }), address, own);
  equal(ids()[2], first, "the next page has the first again");
  await client.snapshot();
  equal((await endpoint.save()).body.sessionId, first, "and saves there");
  client.close();
  await opened(lab, application(null), address, own);
  ok(![first, other].includes(ids().at(-1)), "what was closed is found no more");
});

export const a_checkpoint_at_an_endpoint_carries_its_positions = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const address = freshAddress();
  const app = application([]);
  const made = await inSession(lab, { auth: () => "secret", ...saving(app, { endpoint: address }) });
  const { client, peer, hello } = made;
  equal([hello.snapshot, endpoint.requests], [undefined, []], "the hello, and requests: a new session has no state");
  client.on("message", ({ data }) => app.state.push(data));
  peer.say("from", { stream: "", epoch: 5, next: 1 });
  peer.send("one", "two");
  await settled();
  const handed = () => peer.controls.filter(({ name }) => name === "handed").map(({ body }) => body);
  equal(handed(), [], "handed before");
  equal(await client.snapshot(), { version: 101 }, "saved");
  const { body, headers } = await endpoint.save();
  equal([body.sessionId, body.token, body.term, body.positions], ["s-1", "t-1", "1-1", { "": [5, 2] }], "the save");
  equal(headers.authorization, "Bearer secret", "credentials");
  equal(handed(), [{ stream: "", epoch: 5, number: 2 }], "handed after");
  app.state = ["one", "two"];
  peer.say("ping", { id: 1 });
  await settled();
  equal(handed().length, 1, "handed");
  const { peer: next } = await again(lab, client, peer);
  next.send();
  ignored(client.snapshot());
  equal(
    endpoint.requests.filter(({ what }) => what === "restore"),
    [],
    "a page restores once",
  );
});

export const a_session_at_an_endpoint_begins_at_the_positions_of_its_state = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const address = freshAddress();
  const url = freshUrl();
  const options = (app) => ({ session: true, ...saving(app, { endpoint: address }) });
  await inSession(lab, options(application([])), {}, url);
  putAway();
  const positions = { "": [5, 2] };
  endpoint.onrestore = () => [200, { data: ["one", "two"], version: 9, savedAt: 1, positions }];
  const app = application(null);
  lab.client(options(app), url);
  const peer = await nextPeer(lab);
  const { body: hello } = await peer.control("hello");
  equal([hello.session, hello.positions, hello.snapshot], ["s-1", positions, undefined], "the hello");
  equal(endpoint.requests.at(-1).body, { sessionId: "s-1", token: "t-1" }, "the request");
  await peer.welcome({ resumed: true, reason: "resumed", token: "t-2" });
  equal(app.restored, [[["one", "two"], { version: 9, savedAt: 1 }]], "restored");
});

export const a_copy_at_an_endpoint_is_gone_when_it_is_saved = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const app = application({ n: 1 });
  const { client, address } = await opened(lab, app);
  await client.snapshot();
  app.state = { n: 2 };
  putAway();
  await endpoint.save(2);
  await copiesWhen(address, ({ length }) => length === 0);
  equal(await copiesOf(address), [], "copies");
});
