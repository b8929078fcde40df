// A checkpoint: state and positions are one, and storing them is the acknowledgement.

import { equal } from "../harness/assert.js";
import { again, inSession } from "../harness/peer.js";
import { application, saveOf, savesOf, saving, storeAs } from "../harness/state.js";
import { ignored, settled, test } from "../harness/test.js";

const OUTBOX = { stream: "", epoch: 5 };

/** A session with a listener whose state is what it has heard. */
async function listening(lab, fields) {
  const app = application([]);
  const made = await inSession(lab, saving(app, fields));
  made.client.on("message", ({ data }) => app.state.push(data));
  made.peer.say("from", { ...OUTBOX, next: 1 });
  return { ...made, app };
}

const handed = (peer) => peer.controls.filter(({ name }) => name === "handed").map(({ body }) => body);

export const what_is_handed_over_is_acknowledged_by_the_save_alone = test(async (lab) => {
  const { client, peer } = await listening(lab);
  peer.say("from", { stream: "room", epoch: 2, next: 8 });
  peer.send("eight");
  peer.say("from", { ...OUTBOX, next: 1 });
  peer.send("one", "two");
  await settled();
  peer.say("ping", { id: 1 });
  equal(handed(peer), [], "handed, though a pong has left");
  const saved = client.snapshot();
  const save = await saveOf(peer);
  equal([save.text, save.positions], ['["eight","one","two"]', { "": [5, 2], room: [2, 8] }], "the save");
  storeAs(peer, save, 3);
  await saved;
  equal(handed(peer), [], "handed");
});

export const positions_are_those_of_the_moment_of_the_capture = test(async (lab) => {
  const { client, peer } = await listening(lab);
  peer.send("one");
  await settled();
  const saved = client.snapshot();
  peer.send("two");
  await settled();
  const save = await saveOf(peer);
  equal([save.text, save.positions], ['["one"]', { "": [5, 1] }], "the save");
  storeAs(peer, save, 3);
  await saved;
  const { hello } = await again(lab, client, peer);
  equal(hello.positions, { "": [5, 2] }, "the position of the page goes its own way");
});

export const nothing_is_captured_while_a_message_is_in_hand = test(async (lab) => {
  const { client, peer, app } = await listening(lab);
  const reader = client[Symbol.asyncIterator]();
  peer.send("one");
  await reader.next();
  const saved = client.snapshot();
  await settled();
  equal(app.asked, 0, "captures while the iterator has it");
  reader.next();
  const save = await saveOf(peer);
  equal([save.text, save.positions], ['["one"]', { "": [5, 1] }], "the save");
  storeAs(peer, save, 3);
  await saved;
});

export const unchanged_state_moves_the_positions_alone = test(async (lab) => {
  const { client, peer, app } = await listening(lab);
  const saved = client.snapshot();
  storeAs(peer, await saveOf(peer), 3);
  await saved;
  peer.send("one");
  await settled();
  app.state = [];
  const moved = client.snapshot();
  const save = await saveOf(peer, 2);
  equal([save.form, save.text, save.base, save.positions], ["same", "", 3, { "": [5, 1] }], "the save");
  storeAs(peer, save, 4);
  equal(await moved, { version: 4 }, "what snapshot() resolves with");
  equal([await client.snapshot(), savesOf(peer).length], [{ version: 4 }, 2], "the next, where nothing moved");
});

export const half_a_window_saves_at_once = test(async (lab) => {
  const { peer, app } = await listening(lab);
  for (let sent = 0; sent < 2_047; sent++) peer.send("x");
  await settled();
  equal(app.asked, 0, "captures before");
  peer.send("y");
  const save = await saveOf(peer);
  equal(save.positions, { "": [5, 2_048] }, "the save");
  const { peer: large } = await listening(lab);
  large.send("z".repeat(600_000));
  equal((await saveOf(large)).positions, { "": [5, 1] }, "half of its bytes");
});

export const as_long_as_nothing_can_be_saved_messages_are_acknowledged = test(async (lab) => {
  const { client, peer, app } = await listening(lab);
  peer.send("one");
  await settled();
  const state = app.state;
  app.state = Promise.reject(new Error("no state"));
  app.state.catch(() => {});
  await ignored(client.snapshot());
  peer.say("ping", { id: 1 });
  equal(handed(peer), [{ ...OUTBOX, number: 1 }], "handed when capture fails");
  app.state = state;
  const saved = client.snapshot();
  storeAs(peer, await saveOf(peer), 3);
  await saved;
  const { peer: other, client: refused } = await listening(lab);
  other.send("one");
  await settled();
  refused.snapshot().catch(() => {});
  other.say("unsaved", { id: (await saveOf(other)).id, reason: "quota" });
  other.say("ping", { id: 1 });
  equal(handed(other), [{ ...OUTBOX, number: 1 }], "handed when the server refuses");
});

export const a_document_leaves_acknowledging_alone = test(async (lab) => {
  const { client, peer } = await listening(lab, { key: "draft" });
  peer.send("one");
  await settled();
  peer.say("ping", { id: 1 });
  equal(handed(peer), [{ ...OUTBOX, number: 1 }], "handed");
  ignored(client.snapshot());
  equal((await saveOf(peer)).positions, undefined, "positions");
});
