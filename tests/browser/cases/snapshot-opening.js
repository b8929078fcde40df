// How a page gets its state back: hello, welcome, parts, `restore`.

import { equal, hasCode, ok, throwsCode } from "../harness/assert.js";
import { again, inSession, nextPeer } from "../harness/peer.js";
import { application, measured, saveOf, savesOf, saving, sendParts, storeAs, told } from "../harness/state.js";
import { event, ignored, namesOf, record, settled, test } from "../harness/test.js";

const MEMORY = { session: { storage: "memory" } };

/** A client that has said hello, the other side, its hello, and what happens. */
async function greeting(lab, options) {
  const client = lab.client({ ...MEMORY, ...options });
  const events = record(client);
  const peer = await nextPeer(lab);
  const { body: hello } = await peer.control("hello");
  return { client, events, peer, hello };
}

export const a_page_whose_state_is_nowhere_begins_without = test(async (lab) => {
  const app = application({ n: 1 });
  const { client, peer, hello } = await inSession(lab, saving(app));
  equal([hello.snapshot, app.restored, app.asked], [{ restore: true }, [], 0], "hello, and what the application sees");
  const saved = client.snapshot();
  const save = await saveOf(peer);
  equal([save.base, save.form, save.text, save.key], [0, "data", '{"n":1}', undefined], "the first save");
  equal({ bytes: save.bytes, check: save.check }, measured('{"n":1}'), "its measure");
  storeAs(peer, save, 3);
  equal(await saved, { version: 3 }, "what snapshot() resolves with");
});

// [P154]
export const stored_state_is_restored_before_open_and_before_any_message = test(async (lab) => {
  const app = application(null);
  const seen = [];
  const { restore } = app;
  app.restore = (...given) => {
    seen.push("restore");
    restore(...given);
  };
  const { client, events, peer } = await greeting(lab, saving(app));
  client.on("message", ({ data }) => seen.push(data));
  const state = { draft: "good morning 日本 👍🏽" };
  await peer.welcome(told(state));
  equal([client.state, app.restored], ["connecting", []], "before the text is there");
  sendParts(peer, JSON.stringify(state), 7);
  peer.say("from", { stream: "", epoch: 1, next: 5 });
  peer.send("later");
  await settled();
  equal(app.restored, [[state, { version: 7, savedAt: 1_000 }]], "restore");
  equal(namesOf(events).slice(0, 4), ["statechange connecting", "restored", "statechange open", "open"], "events");
  equal(events[1][1], { version: 7, savedAt: 1_000 }, "the detail of restored");
  equal(seen, ["restore", "later"], "the order");
});

export const nothing_comes_between_welcome_and_state = test(async (lab) => {
  const app = application(null);
  const frames = [
    (peer) => peer.send("a message"),
    (peer) => peer.stored(0),
    (peer) => peer.say("ping", { id: 1 }),
    (peer) => peer.welcome(told({})),
  ];
  const { client, peer } = await greeting(lab, saving(app));
  let link = peer;
  for (const frame of frames) {
    await link.welcome(told({ n: 1 }));
    const failed = event(client, "error");
    frame(link);
    hasCode(await failed, "PROTOCOL");
    equal(link.socket.closedWith.code, 4400, "the link is closed with");
    link = await nextPeer(lab);
    equal((await link.control("hello")).body.snapshot, { restore: true }, "the next hello still wants the state");
  }
  equal(app.restored, [], "restored");
});

// [P154]
export const a_text_that_is_not_the_one_told_is_a_violation = test(async (lab) => {
  const app = application(null);
  const { client, peer } = await greeting(lab, saving(app));
  let link = peer;
  for (const text of ['{"n":2}', '{"n":1}}']) {
    await link.welcome(told({ n: 1 }));
    const failed = event(client, "error");
    sendParts(link, text);
    hasCode(await failed, "PROTOCOL");
    link = await nextPeer(lab);
  }
  equal(app.restored, [], "restored");
});

export const parts_that_nobody_waits_for_are_a_violation = test(async (lab) => {
  const { client, peer } = await inSession(lab, saving(application({})));
  const failed = event(client, "error");
  sendParts(peer, "{}");
  hasCode(await failed, "PROTOCOL");
  const plain = await inSession(lab);
  const failedToo = event(plain.client, "error");
  sendParts(plain.peer, "{}");
  hasCode(await failedToo, "PROTOCOL");
});

export const a_link_that_is_lost_in_the_middle_begins_again = test(async (lab) => {
  const app = application(null);
  const { peer } = await greeting(lab, saving(app));
  await peer.welcome(told({ n: 1 }));
  sendParts(peer, '{"n"');
  peer.socket.drop();
  const next = await nextPeer(lab);
  equal((await next.control("hello")).body.snapshot, { restore: true }, "the hello");
  await next.welcome(told({ n: 2 }));
  sendParts(next, '{"n":2}', 3);
  equal(app.restored, [[{ n: 2 }, { version: 7, savedAt: 1_000 }]], "restored");
});

export const what_was_restored_is_not_saved_again_until_it_changes = test(async (lab) => {
  const app = application(null);
  const { client, peer } = await greeting(lab, saving(app, { key: "draft" }));
  await peer.welcome(told({ n: 1 }));
  sendParts(peer, '{"n":1}');
  equal([await client.snapshot(), savesOf(peer)], [{ version: 7 }, []], "unchanged");
  app.state = { n: 2 };
  ignored(client.snapshot());
  const { base, key, text, positions } = await saveOf(peer);
  equal([base, key, text, positions], [7, "draft", '{"n":2}', undefined], "the save");
});

export const restore_that_throws_is_told_and_nothing_takes_its_place_unasked = test(async (lab) => {
  const app = application({ n: 0 });
  const bad = new Error("of an older version");
  app.restore = () => {
    throw bad;
  };
  const { client, events, peer } = await greeting(lab, saving(app, { interval: 1 }));
  await peer.welcome(told({ n: 1 }));
  sendParts(peer, '{"n":1}');
  equal(client.state, "open", "the client is open all the same");
  const { cause } = hasCode(events.find(([name]) => name === "error")[1], "SNAPSHOT_FAILED", "older version");
  ok(cause === bad, "the cause");
  equal(namesOf(events).includes("restored"), false, "a restored event");
  // Many intervals go by.
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setTimeout(next, 1));
  equal([app.asked, savesOf(peer)], [0, []], "captures and saves");
  ignored(client.snapshot());
  equal((await saveOf(peer)).text, '{"n":0}', "what the application asked for");
});

export const without_restore_only_the_version_is_asked_for = test(async (lab) => {
  const app = application({ n: 1 });
  const { client, peer, hello } = await greeting(lab, { snapshot: { capture: app.capture, interval: 1_000_000 } });
  equal(hello.snapshot, { restore: false }, "the hello");
  await peer.welcome(told({ n: 0 }, { follows: false }));
  ignored(client.snapshot());
  const { base, form } = await saveOf(peer);
  equal([base, form], [7, "data"], "the first save replaces what is there");
});

export const later_links_tell_the_version_and_restore_nothing = test(async (lab) => {
  const app = application({ n: 1 });
  const { client, peer } = await inSession(lab, saving(app));
  const saved = client.snapshot();
  storeAs(peer, await saveOf(peer), 3);
  await saved;
  const { hello } = await again(lab, client, peer, told(app.state, { version: 3, follows: false }));
  equal([hello.snapshot, app.restored], [{ version: 3, restore: false }, []], "hello, and what was restored");
});

export const the_key_may_be_a_function_that_is_asked_once = test(async (lab) => {
  let asked = 0;
  const key = () => `user ${++asked}`;
  const { client, peer, hello } = await inSession(lab, saving(application({}), { key }));
  const { hello: second } = await again(lab, client, peer);
  equal([hello.snapshot.key, second.snapshot.key, asked], ["user 1", "user 1", 1], "keys");
});

export const a_key_that_is_none_fails_the_attempt = test(async (lab) => {
  const keys = ["", 7, "x".repeat(129), "good"];
  const { events, peer } = await greetingWithKeys(lab, keys);
  equal((await peer.control("hello")).body.snapshot.key, "good", "the key in the end");
  const errors = events.filter(([name]) => name === "error");
  equal(errors.length, 3, "errors");
  for (const [, error] of errors) hasCode(error, "INVALID_OPTION", "snapshot.key");
});

async function greetingWithKeys(lab, keys) {
  const client = lab.client({ ...MEMORY, ...saving(application({}), { key: () => keys.shift() }) });
  const events = record(client);
  let peer;
  while (keys.length) peer = await nextPeer(lab);
  return { events, peer };
}

export const options_of_state_are_checked = test(async (lab) => {
  const capture = () => 1;
  const wrong = [
    [{ snapshot: 1 }, "snapshot: given 1"],
    [{ snapshot: true }, "snapshot.capture"],
    [{ snapshot: {} }, "snapshot.capture"],
    [{ snapshot: { capture: 1 } }, "snapshot.capture"],
    [{ snapshot: { capture, restore: "x" } }, "snapshot.restore"],
    [{ snapshot: { capture, interval: 0 } }, "snapshot.interval"],
    [{ snapshot: { capture, key: "" } }, "snapshot.key"],
    [{ snapshot: { capture, key: "a\nb" } }, "snapshot.key"],
    [{ snapshot: { capture, key: "ü".repeat(65) } }, "snapshot.key"],
    [{ snapshot: { capture, endpoint: "ftp://x" } }, "snapshot.endpoint"],
    [{ snapshot: { captures: capture } }, 'did you mean "capture"?'],
    [{ snapshots: { capture } }, 'did you mean "snapshot"?'],
    [{ queue: { persist: true } }, "queue.persist"],
    [{ queue: { persist: "" } }, "queue.persist"],
    [{ queue: { persits: "x" } }, 'did you mean "persist"?'],
    [{ queue: { persist: "x" }, session: { storage: "tab" } }, "queue.persist"],
    [{ queue: { persist: "x" }, session: { storage: "memory" } }, "queue.persist"],
    [{ queue: { persist: "x" }, session: false }, "queue.persist"],
    [{ snapshot: { capture }, session: false }, "snapshot.endpoint"],
  ];
  for (const [options, text] of wrong)
    throwsCode(() => lab.client({ session: true, ...options }), "INVALID_OPTION", text);
  for (const snapshot of [false, undefined, { capture }]) lab.client({ session: true, snapshot, autoConnect: false });
});
