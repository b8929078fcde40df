// Frames that the protocol does not allow: the link is closed with 4400, nothing of them counts, and the next goes on.

import { equal, hasCode } from "../harness/assert.js";
import { again, inSession, nextPeer } from "../harness/peer.js";
import { event, record, settled, test } from "../harness/test.js";

const TOO_LONG = "x".repeat(129);

/** What no welcomed client can be told, and what it may have been told before. */
const BREACHES = [
  ["no name", "\x10"],
  ["an unknown name", "\x10greet 0 {}"],
  ["the name of what every object has", "\x10constructor 0 {}"],
  ["a client's frame", '\x10handed 0 {"stream":"","epoch":1,"number":1}'],
  ["no count", "\x10ping"],
  ["a count with a zero in front", '\x10ping 00 {"id":1}'],
  ["a count that does not match", '\x10ping 1 {"id":1}'],
  ["a count that is no number", '\x10ping x {"id":1}'],
  ["no body", "\x10ping 0"],
  ["a body that is no JSON", "\x10ping 0 {"],
  ["a body that is no object", "\x10ping 0 [1]"],
  ["a field of another type", '\x10ping 0 {"id":"1"}'],
  ["a field that is too long", `\x10volatile 0 {"stream":"${TOO_LONG}"}`],
  ["an acknowledgement of what was not sent", "stored"],
  ["an acknowledgement of nobody's", '\x10stored 0 {"lane":1,"number":0}'],
  ["memories that are none", '\x10adopted 0 {"memory":"m","birth":"b"}'],
  ["a second welcome", "welcome"],
  ["a message without a stream", "hello"],
  ["a unit that is counted wrong", "\x10texts 1 1,1\x10a\x10b\x10"],
  ["a unit of one", "\x10texts 0 1\x10a\x10"],
  ["a unit with a wrong cut", "\x10texts 0 1,2\x10a\x10b\x10"],
  ["a unit with something left over", "\x10texts 0 1,1\x10a\x10b\x10c"],
  ["a unit without its end", "\x10texts 0 1,1\x10a\x10b"],
  ["lengths of a unit that are none", "\x10binaries 0 1,a"],
  ["a text where the bytes of a unit belong", "\x10binaries 0 1,1", "ab"],
  ["bytes that are too few", "\x10binaries 0 1,1", new ArrayBuffer(1)],
  ["bytes that are too many", "\x10binaries 0 1,1", new ArrayBuffer(3)],
];

export const whatever_breaks_the_protocol_closes_the_link_and_the_next_resumes = test(async (lab) => {
  let { client, peer } = await inSession(lab);
  const got = record(client, ["message"]);
  await settled();
  for (const [what, ...frames] of BREACHES) {
    const failed = event(client, "error");
    const opened = event(client, "open");
    if (frames[0] === "welcome") await peer.welcome({ resumed: true, reason: "resumed" });
    else if (frames[0] === "stored") peer.stored(1);
    else for (const frame of frames) peer.raw(frame);
    equal(peer.socket.closedWith, { code: 4400, reason: "protocol" }, what);
    hasCode(await failed, "PROTOCOL");
    const next = await nextPeer(lab);
    const hello = await next.welcome({ resumed: true, reason: "resumed" });
    equal(hello.session, "s-1", `the session after ${what}`);
    await opened;
    peer = next;
  }
  equal(got, [], "messages");
});

export const a_unit_counts_whole_or_not_at_all = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const got = record(client, ["message"]);
  await settled();
  peer.say("from", { stream: "", epoch: 1, next: 1, reason: "joined" });
  peer.raw("\x10texts 0 1,1,9\x10a\x10b\x10c\x10");
  equal([got, peer.socket.closedWith.code], [[], 4400], "messages, and closed with");
  const { hello } = await again(lab, client, peer);
  equal(hello.positions[""], [1, 0], "the position");
});

export const before_the_welcome_only_a_welcome_or_an_error_may_come = test(async (lab) => {
  const frames = ["hello", '\x10ping 0 {"id":1}', "\x10texts 0 1,1\x10a\x10b\x10", new ArrayBuffer(1)];
  const client = lab.client({ session: { storage: "memory" } });
  const got = record(client, ["message"]);
  for (const frame of frames) {
    const peer = await nextPeer(lab);
    await peer.control("hello");
    peer.raw(frame);
    equal(peer.socket.closedWith?.code, 4400, `closed with, after ${String(frame)}`);
  }
  const last = await nextPeer(lab);
  await last.control("hello");
  last.say("error", { errorCode: "UNAVAILABLE", message: "no store", requestId: "" });
  equal([last.socket.closedWith, got], [null, []], "after an error");
});

export const a_welcome_before_the_hello_is_none = test(async (lab) => {
  const client = lab.client({ session: { storage: "memory" }, auth: () => new Promise(() => {}) });
  const peer = await nextPeer(lab);
  const failed = event(client, "error");
  peer.say("welcome", {
    session: "s-1",
    token: "t",
    resumed: false,
    reason: "new",
    maxMessage: 1,
    window: [1, 1],
  });
  hasCode(await failed, "PROTOCOL");
});

export const a_welcome_that_cannot_be_true_is_none = test(async (lab) => {
  const bad = [
    { resumed: true, reason: "resumed" },
    { resumed: true, reason: "new" },
    { token: "a b" },
    { session: "" },
    { window: [0, 1] },
    { window: [1] },
    { maxMessage: 0 },
    { maxMessage: "1" },
    { received: -1 },
    { received: 2 ** 53 },
    { memories: [] },
    { memories: { m: { birth: "b", received: [0, 0] } } },
    { memories: { m: { received: [0, 0, 0] } } },
    { retry: -1 },
  ];
  const client = lab.client({ session: { storage: "memory" } });
  for (const fields of bad) {
    const peer = await nextPeer(lab);
    await peer.welcome(fields);
    equal([peer.socket.closedWith?.code, client.session], [4400, null], JSON.stringify(fields));
  }
  const liar = await nextPeer(lab);
  await liar.welcome({ received: 1 });
  equal(liar.socket.closedWith?.code, 4400, "more than was sent");
  await (await nextPeer(lab)).welcome();
  equal(client.state, "open", "the state");
});

export const a_frame_that_the_server_finds_too_large_is_a_breach_and_not_the_end = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const failed = event(client, "error");
  peer.socket.drop(1009, "too large");
  hasCode(await failed, "PROTOCOL");
  await (await nextPeer(lab)).welcome({ resumed: true, reason: "resumed" });
  equal(client.state, "open", "the state");
});

export const what_the_server_takes_bounds_what_is_sent = test(async (lab) => {
  const { client, peer } = await inSession(lab, {}, { maxMessage: 10 });
  const refused = record(client, ["dropped"]);
  let code = "";
  try {
    client.send("x".repeat(11));
  } catch (error) {
    code = error.code;
  }
  client.send("x".repeat(10));
  await peer.received(1);
  equal([code, refused], ["MESSAGE_TOO_LARGE", []], "refused");
});
