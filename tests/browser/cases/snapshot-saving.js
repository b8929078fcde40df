// How state is saved over the socket: what is sent, when, and what the answers mean.

import { equal, hasCode, ok, rejectsCode } from "../harness/assert.js";
import { again, inSession, nextPeer, RESUMED } from "../harness/peer.js";
import { application, applied, measured, saveOf, savesOf, saving, storeAs, told } from "../harness/state.js";
import { event, ignored, record, settled, test } from "../harness/test.js";

/** A session whose application's state is stored as version 3. */
async function stored(lab, app, fields) {
  const made = await inSession(lab, saving(app, fields));
  const saved = made.client.snapshot();
  const save = await saveOf(made.peer);
  storeAs(made.peer, save, 3);
  await saved;
  return made;
}

/** Asks for a snapshot of a state, and gets its save, the `nth`; `done` is the promise. */
async function asked({ client, peer }, app, state, nth) {
  app.state = state;
  const done = client.snapshot();
  ignored(done);
  return { done, save: await saveOf(peer, nth) };
}

const largeState = () => ({
  items: Array.from({ length: 2_000 }, (_, id) => ({ id, title: `item ${id}`, done: id % 3 === 0 })),
  draft: "naïve 日本 👍🏽 ".repeat(2_000),
});

export const unchanged_state_is_not_sent = test(async (lab) => {
  const app = application({ n: 1 });
  const { client, peer } = await stored(lab, app);
  app.state = { n: 1 };
  equal(await client.snapshot(), { version: 3 }, "the version");
  equal(savesOf(peer).length, 1, "saves");
});

export const state_is_saved_by_itself_when_it_has_changed = test(async (lab) => {
  const app = application({ n: 1 });
  const { client, peer } = await inSession(lab, saving(app, { interval: 1 }));
  const saves = record(client, ["snapshot"]);
  const first = await saveOf(peer);
  storeAs(peer, first, 3);
  const asks = app.asked;
  while (app.asked < asks + 3) await settled();
  equal(savesOf(peer).length, 1, "saves as long as nothing changes");
  app.state = { n: 2 };
  const second = await saveOf(peer, 2);
  equal([second.base, second.id !== first.id], [3, true], "the next");
  storeAs(peer, second, 4);
  const details = saves.map(([, detail]) => detail);
  equal(
    details,
    [
      { version: 3, bytes: 7, full: true },
      { version: 4, bytes: 7, full: true },
    ],
    "events",
  );
});

export const one_changed_field_of_a_large_state_is_a_small_delta = test(async (lab) => {
  const app = application(largeState());
  const made = await stored(lab, app);
  const before = JSON.stringify(app.state);
  ok(before.length > 100_000, "it is large");
  const news = event(made.client, "snapshot");
  const changed = largeState();
  changed.items[1_000].title = "changed 日本";
  const { save, done } = await asked(made, app, changed, 2);
  const text = JSON.stringify(changed);
  equal([save.base, save.form, save.text.length < 200], [3, "delta", true], "the save");
  ok(applied(before, save.text) === text, "what it makes");
  equal({ bytes: save.bytes, check: save.check }, measured(text), "its measure");
  storeAs(made.peer, save, 4);
  equal([await done, (await news).full], [{ version: 4 }, false], "the answer");
});

export const large_state_travels_in_parts_and_messages_go_between = test(async (lab) => {
  const app = application(largeState());
  const { client, peer } = await inSession(lab, saving(app));
  ignored(client.snapshot());
  await peer.control("part");
  client.send("in between");
  const save = await saveOf(peer);
  ok(save.text === JSON.stringify(app.state), "the text");
  const parts = peer.controls.filter(({ name }) => name === "part").map(({ body }) => body);
  ok(parts.length > 5 && parts.every((part) => part.length <= 16_384), `${parts.length} parts`);
  ok(
    parts.every((part) => new TextEncoder().encode(part).length <= 49_152),
    "their bytes",
  );
  const { sent } = peer.socket;
  const places = ["in between", "save"].map((what) => sent.findIndex((frame) => frame.includes(what)));
  ok(places[0] > 0 && places[0] < places[1], `the message is at ${places[0]} and the save at ${places[1]}`);
  equal(peer.controls.find(({ name }) => name === "save").count, 1, "the count of the save");
});

export const capture_that_fails_is_told = test(async (lab) => {
  const bad = new Error("no");
  const cyclic = {};
  cyclic.self = cyclic;
  const app = application();
  const { client, peer } = await inSession(lab, saving(app));
  const errors = record(client, ["error"]);
  const throwing = () => {
    throw bad;
  };
  for (const state of [Promise.resolve(1), cyclic, 10n]) {
    app.state = state;
    hasCode(await client.snapshot().catch((error) => error), "SNAPSHOT_FAILED", "capture");
  }
  equal([errors.length, savesOf(peer)], [1, []], "told once, and saves");
  const { client: other } = await inSession(lab, saving({ capture: throwing }));
  const { cause } = await rejectsCode(other.snapshot(), "SNAPSHOT_FAILED", "no");
  ok(cause === bad, "the cause");
  app.state = { n: 1 };
  const done = client.snapshot();
  storeAs(peer, await saveOf(peer), 3);
  equal(await done, { version: 3 }, "the next");
});

export const no_state_is_saved_as_none = test(async (lab) => {
  const app = application(undefined);
  const { client, peer } = await inSession(lab, saving(app));
  equal([await client.snapshot(), savesOf(peer)], [null, []], "what snapshot() resolves with, and saves");
});

export const a_checkpoint_that_is_stale_is_saved_whole_on_what_is_there = test(async (lab) => {
  const app = application({ n: 1 });
  const made = await stored(lab, app);
  const errors = record(made.client, ["error"]);
  const { save, done } = await asked(made, app, { n: 2 }, 2);
  made.peer.say("unsaved", { id: save.id, reason: "stale", version: 9 });
  const next = await saveOf(made.peer, 3);
  equal([next.base, next.form, next.text], [9, "data", '{"n":2}'], "the next save");
  storeAs(made.peer, next, 10);
  equal([await done, errors], [{ version: 10 }, []], "what snapshot() resolves with, and errors");
});

export const the_loser_of_a_race_for_a_document_is_told_and_saves_no_more = test(async (lab) => {
  const app = application({ n: 1 });
  const made = await stored(lab, app, { key: "draft", interval: 1 });
  const { client, peer } = made;
  const errors = record(client, ["error"]);
  app.state = { n: 2 };
  const save = await saveOf(peer, 2);
  peer.say("unsaved", { id: save.id, reason: "stale", version: 9 });
  const { cause } = hasCode(errors[0][1], "SNAPSHOT_FAILED", "stale");
  equal(cause, { reason: "stale", version: 9 }, "the cause");
  app.state = { n: 3 };
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setTimeout(next, 1));
  equal(savesOf(peer).length, 2, "saves");
  const refused = rejectsCode(client.snapshot(), "SNAPSHOT_FAILED", "stale");
  const asked = await saveOf(peer, 3);
  equal([asked.base, asked.check], [3, measured('{"n":3}').check], "the base stays");
  peer.say("unsaved", { id: asked.id, reason: "stale", version: 9 });
  await refused;
});

export const a_document_that_is_gone_is_stored_anew = test(async (lab) => {
  const app = application({ n: 1 });
  const made = await stored(lab, app, { key: "draft" });
  const { save, done } = await asked(made, app, { n: 2 }, 2);
  made.peer.say("unsaved", { id: save.id, reason: "stale", version: 0 });
  const next = await saveOf(made.peer, 3);
  equal([next.base, next.form], [0, "data"], "the next save");
  storeAs(made.peer, next, 10);
  await done;
});

export const a_delta_that_does_not_fit_is_followed_by_the_whole = test(async (lab) => {
  const app = application(largeState());
  const made = await stored(lab, app);
  const { save, done } = await asked(made, app, { ...largeState(), draft: "" }, 2);
  equal(save.form, "delta", "the form");
  made.peer.say("unsaved", { id: save.id, reason: "mismatch", version: 3 });
  const next = await saveOf(made.peer, 3);
  equal([next.base, next.form], [3, "data"], "the next");
  made.peer.say("unsaved", { id: next.id, reason: "mismatch", version: 3 });
  const { cause } = await rejectsCode(done, "SNAPSHOT_FAILED", "mismatch");
  equal(cause, { reason: "mismatch", version: 3 }, "the cause");
});

export const a_state_that_is_refused_is_told_once_and_the_same_is_not_sent_again = test(async (lab) => {
  const app = application({ n: 1 });
  const { client, peer } = await inSession(lab, saving(app, { interval: 1 }));
  const errors = record(client, ["error"]);
  peer.say("unsaved", { id: (await saveOf(peer)).id, reason: "too-large" });
  const asks = app.asked;
  while (app.asked < asks + 3) await settled();
  equal([savesOf(peer).length, errors.length], [1, 1], "saves and errors");
  hasCode(errors[0][1], "SNAPSHOT_FAILED", "too-large");
  app.state = { n: 2 };
  peer.say("unsaved", { id: (await saveOf(peer, 2)).id, reason: "too-large" });
  equal(errors.length, 1, "errors for the same reason");
  app.state = { n: 3 };
  storeAs(peer, await saveOf(peer, 3), 3);
  app.state = { n: 4 };
  peer.say("unsaved", { id: (await saveOf(peer, 4)).id, reason: "quota" });
  equal(errors.length, 2, "errors after one that was stored");
});

export const a_save_whose_answer_is_lost_is_known_by_the_next_welcome = test(async (lab) => {
  const app = application({ n: 1 });
  const made = await stored(lab, app);
  const { save, done } = await asked(made, app, { n: 2 }, 2);
  const version = 4;
  const { peer } = await again(lab, made.client, made.peer, told({ n: 2 }, { version, follows: false }));
  equal([await done, save.base, savesOf(peer)], [{ version }, 3, []], "it was stored");
  const next = await asked({ ...made, peer }, app, { n: 3 }, 1);
  equal(next.save.base, version, "the base of the next");
});

export const a_save_that_was_not_stored_is_sent_again = test(async (lab) => {
  const app = application({ n: 1 });
  const made = await stored(lab, app);
  const { done } = await asked(made, app, { n: 2 }, 2);
  const { peer } = await again(lab, made.client, made.peer, told({ n: 1 }, { version: 3, follows: false }));
  const save = await saveOf(peer);
  equal([save.base, save.check], [3, measured('{"n":2}').check], "again");
  storeAs(peer, save, 4);
  equal(await done, { version: 4 }, "what snapshot() resolves with");
});

export const a_documents_save_of_which_nobody_knows_is_sent_again_as_it_was = test(async (lab) => {
  const app = application({ n: 1 });
  const made = await stored(lab, app, { key: "draft" });
  const { done } = await asked(made, app, { n: 2 }, 2);
  app.state = { n: 3 };
  const { peer } = await again(lab, made.client, made.peer, told({ n: 1 }, { version: 3, follows: false }));
  const save = await saveOf(peer);
  equal([save.base, save.check], [3, measured('{"n":2}').check], "the same, so that it counts once");
  storeAs(peer, save, 4);
  await done;
  const next = made.client.snapshot();
  const last = await saveOf(peer, 2);
  equal([last.base, last.check], [4, measured('{"n":3}').check], "then the state of now");
  storeAs(peer, last, 5);
  equal(await next, { version: 5 }, "what snapshot() resolves with");
});

export const another_version_is_the_base_of_a_checkpoint = test(async (lab) => {
  const app = application({ n: 1 });
  const made = await stored(lab, app);
  const { peer } = await again(lab, made.client, made.peer, told({ n: 0 }, { version: 8, follows: false }));
  const { save } = await asked({ ...made, peer }, app, { n: 1 }, 1);
  equal([save.base, save.form], [8, "data"], "the next save");
});

export const a_new_session_has_no_checkpoint = test(async (lab) => {
  const app = application({ n: 1 });
  const made = await stored(lab, app);
  const lost = { resumed: false, reason: "unknown", session: "s-2" };
  const { peer } = await again(lab, made.client, made.peer, lost);
  const { save } = await asked({ ...made, peer }, app, { n: 1 }, 1);
  equal([save.base, save.form], [0, "data"], "the next save");
});

export const an_answer_to_nothing_is_a_violation = test(async (lab) => {
  for (const answer of ["saved", "unsaved"]) {
    const app = application({ n: 1 });
    const { client, peer } = await inSession(lab, saving(app));
    ignored(client.snapshot());
    const { id } = await saveOf(peer);
    const failed = event(client, "error");
    peer.say(answer, { id: id + 1, version: 3, expiresAt: 1, reason: "stale" });
    hasCode(await failed, "PROTOCOL");
  }
});

export const snapshot_says_why_it_cannot = test(async (lab) => {
  const { client: without } = await inSession(lab);
  await rejectsCode(without.snapshot(), "UNSUPPORTED", "snapshot");
  const { client } = await inSession(lab, saving(application({ n: 1 })));
  const waiting = rejectsCode(client.snapshot(), "CLOSED");
  client.close();
  await waiting;
  await rejectsCode(client.snapshot(), "CLOSED");
});

export const without_a_link_a_snapshot_waits_for_one = test(async (lab) => {
  const app = application({ n: 1 });
  const { client, peer } = await inSession(lab, saving(app));
  peer.socket.drop();
  const done = client.snapshot();
  const next = await nextPeer(lab);
  await next.welcome(RESUMED);
  storeAs(next, await saveOf(next), 3);
  equal(await done, { version: 3 }, "what it resolves with");
});
