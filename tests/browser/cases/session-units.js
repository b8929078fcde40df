// Small messages that travel together, and texts that look like control frames.

import { equal, ok } from "../harness/assert.js";
import { again, inSession } from "../harness/peer.js";
import { settled, test } from "../harness/test.js";

const SURROGATES = ["a\ud83d", "\ude00b"];
/** What units of texts must survive. */
const TEXTS = ["😀a😀", "🚀b🚀", "", "\x10", "\x10ping 0", "\x10\x10x", "1,2", "", "é€𝄞"];

async function listening(lab, options) {
  const made = await inSession(lab, options);
  const got = [];
  made.client.on("message", ({ data }) => got.push(data));
  await settled();
  made.peer.say("from", { stream: "", epoch: 1, next: 1, reason: "joined" });
  return { ...made, got };
}

export const messages_of_one_task_leave_in_one_frame = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const before = peer.socket.sent.length;
  client.send("a");
  client.send("bc");
  client.send("");
  equal(peer.socket.sent.length, before, "frames within the task");
  await settled();
  const [lane, ...frames] = peer.socket.sent.slice(before);
  ok(lane.startsWith("\x10lane 0 "), "whose they are");
  equal(frames, ["\x10texts 0 1,2,0\x10a\x10bc\x10\x10"], "frames after it");
});

export const a_message_alone_has_no_byte_added = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const before = peer.socket.sent.length;
  client.send("alone");
  await settled();
  client.send(Uint8Array.from([1, 2, 3]));
  await settled();
  equal(peer.socket.sent.slice(before + 1), ["alone", [1, 2, 3]], "frames behind that which says whose they are");
});

export const the_count_of_a_control_frame_is_what_went_before = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  client.send("1");
  await settled();
  client.send("2");
  client.send("3");
  await settled();
  client.send("4");
  await settled();
  peer.say("ping", { id: 1 });
  equal(peer.controls.at(-1).count, 4, "the count of the pong");
  ok(peer.socket.sent.includes("\x10texts 1 1,1\x102\x103\x10"), "the count of the unit");
});

export const texts_of_every_kind_survive_a_unit_each_way = test(async (lab) => {
  const { client, peer, got } = await listening(lab);
  for (const text of TEXTS) client.send(text);
  equal(await peer.received(TEXTS.length), TEXTS, "up");
  peer.texts(...TEXTS);
  equal(got, TEXTS, "down");
});

export const texts_of_every_kind_survive_alone_each_way = test(async (lab) => {
  const { client, peer, got } = await listening(lab);
  for (const text of TEXTS) {
    client.send(text);
    await settled();
    peer.send(text);
  }
  equal([peer.messages, got], [TEXTS, TEXTS], "up and down");
});

export const lone_surrogates_at_a_joint_stay_apart = test(async (lab) => {
  const { client, peer, got } = await listening(lab);
  for (const text of SURROGATES) client.send(text);
  await settled();
  equal(peer.socket.sent.at(-1), "\x10texts 0 2,2\x10a\ud83d\x10\ude00b\x10", "the unit");
  peer.texts("a\ufffd", "\ufffdb");
  equal(got, ["a\ufffd", "\ufffdb"], "down");
});

export const buffers_travel_together_as_well = test(async (lab) => {
  const { client, peer, got } = await listening(lab);
  const whole = Uint8Array.from([1, 2, 3, 4, 5, 6]);
  client.send(whole.subarray(1, 3));
  client.send(new ArrayBuffer(0));
  client.send(new DataView(whole.buffer, 4, 2));
  whole.fill(0);
  equal(await peer.received(3), [[2, 3], [], [5, 6]], "up");
  peer.binaries([1], [], [2, 3]);
  equal(
    got.map((buffer) => [buffer instanceof ArrayBuffer, ...new Uint8Array(buffer)]),
    [[true, 1], [true], [true, 2, 3]],
  );
});

export const blobs_are_cut_too_and_sent_alone = test(async (lab) => {
  const { client, peer, got } = await listening(lab, { binaryType: "blob" });
  const blob = new Blob(["abc"]);
  client.send(blob);
  client.send("x");
  client.send("y");
  await peer.received(3);
  ok(peer.socket.given.includes(blob), "the very blob");
  peer.say("binaries");
  await settled();
  equal(peer.socket.closedWith, { code: 4400, reason: "protocol" }, "a unit without lengths");
  const { peer: next } = await again(lab, client, peer);
  next.say("from", { stream: "", epoch: 1, next: 1 });
  next.raw("\x10binaries 0 1,2");
  next.raw(blob);
  equal(await Promise.all(got.map((part) => part.text())), ["a", "bc"], "down");
});

export const kinds_do_not_mix_and_order_is_kept = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const sent = ["a", "b", [1], [2], "c", [3]];
  for (const message of sent) client.send(typeof message === "string" ? message : Uint8Array.from(message));
  equal(await peer.received(6), sent, "messages");
});

export const a_large_message_travels_alone = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const large = "x".repeat(70_000);
  client.send("a");
  client.send(large);
  client.send("b");
  client.send("c");
  equal(await peer.received(4), ["a", large, "b", "c"], "messages");
  ok(peer.socket.sent.includes(large), "the large one as it is");
});

export const a_unit_has_at_most_1024_messages = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  for (let number = 0; number < 3_000; number++) client.send(String(number));
  const messages = await peer.received(3_000);
  equal([messages[0], messages[2_999]], ["0", "2999"], "first and last");
  const units = peer.socket.sent.filter((frame) => frame.startsWith("\x10texts"));
  const sizes = units.map((unit) => unit.slice(0, unit.indexOf("\x10", 1)).split(",").length);
  equal([units.length, Math.max(...sizes)], [3, 1_024], "units, and the largest");
});

export const what_waited_is_sent_in_units_too = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  peer.socket.drop();
  for (let number = 0; number < 100; number++) client.send(`m${number}`);
  const { peer: next } = await again(lab, client, peer);
  await next.received(100);
  ok(next.socket.sent.length <= 3, `${next.socket.sent.length} frames`);
});

export const more_than_the_window_waits_for_an_acknowledgement = test(async (lab) => {
  const { client, peer } = await inSession(lab, {}, { window: [3, 1_000] });
  for (const text of ["1", "2", "3", "4", "5"]) client.send(text);
  await peer.received(3);
  await settled();
  equal([peer.messages.length, client.queued.messages], [3, 2], "given, and waiting");
  peer.stored(2);
  equal(await peer.received(5), ["1", "2", "3", "4", "5"], "given");
});
