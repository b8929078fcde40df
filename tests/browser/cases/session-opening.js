// How a session begins: subprotocol, hello, welcome, `auth`.

import { equal, hasCode, ok, rejectsCode, throwsCode } from "../harness/assert.js";
import { again, inSession, nextPeer } from "../harness/peer.js";
import { event, namesOf, record, settled, test } from "../harness/test.js";

const MEMORY = { session: { storage: "memory" } };

export const a_session_says_hello_and_is_open_after_the_welcome = test(async (lab) => {
  const client = lab.client(MEMORY);
  const events = record(client);
  const peer = await nextPeer(lab);
  const { count, body } = await peer.control("hello");
  equal([count, client.state, client.session], [0, "connecting", null], "before the welcome");
  ok(/^[0-9a-f]{32}$/.test(body.instance) && /^[0-9a-f]{32}$/.test(body.requestId), "instance and request id");
  equal([body.claim, body.session, body.token, body.auth], [1, undefined, undefined, undefined], "the rest");
  await peer.welcome();
  equal([client.state, client.session], ["open", { id: "s-1", resumed: false }], "after the welcome");
  equal(namesOf(events), ["statechange connecting", "statechange open", "open"], "events");
  equal(events.at(-1)[1].resumed, false, "open.resumed");
  const { session } = client;
  ok(session === client.session && Object.isFrozen(session), "one frozen object");
});

export const only_the_protocol_is_offered_and_the_applications_own_travel_in_the_hello = test(async (lab) => {
  const { client, peer, hello } = await inSession(lab, { protocols: ["b", "a"] }, { protocol: "a" });
  equal([peer.socket.protocols, hello.protocols, client.protocol], ["steadfast.v1", ["b", "a"], "a"], "subprotocols");
});

export const a_server_that_does_not_take_the_protocol_is_not_spoken_to = test(async (lab) => {
  const client = lab.client(MEMORY);
  client.send("x");
  const failed = event(client, "error");
  const socket = await lab.network.open("");
  hasCode(await failed, "PROTOCOL");
  equal([socket.sent, socket.closedWith], [[], { code: 4400, reason: "protocol" }], "sent, and closed with");
});

export const what_is_sent_before_the_welcome_waits_for_it = test(async (lab) => {
  const client = lab.client(MEMORY);
  client.send("early");
  const peer = await nextPeer(lab);
  await peer.control("hello");
  client.send("later");
  await settled();
  equal([peer.messages, client.queued.messages], [[], 2], "before the welcome");
  await peer.welcome();
  equal(await peer.received(2), ["early", "later"], "after it");
});

export const a_welcome_that_does_not_come_in_time_is_given_up = test(async (lab) => {
  const client = lab.client({ ...MEMORY, connectTimeout: 30 });
  const failed = event(client, "error");
  const peer = await nextPeer(lab);
  await peer.control("hello");
  hasCode(await failed, "CONNECT_TIMEOUT");
  await nextPeer(lab);
});

export const auth_is_asked_before_every_attempt_and_travels_in_the_hello = test(async (lab) => {
  let asked = 0;
  const auth = async () => `token ${++asked}`;
  const { client, peer, hello } = await inSession(lab, { auth });
  const { hello: second } = await again(lab, client, peer);
  equal([hello.auth, second.auth], ["token 1", "token 2"], "auth");
  equal(peer.socket.url.includes("token"), false, "a token in the address");
});

export const auth_may_be_a_text = test(async (lab) => {
  const { client, peer, hello } = await inSession(lab, { auth: "token" });
  const { hello: second } = await again(lab, client, peer);
  equal([hello.auth, second.auth], ["token", "token"], "auth");
  const { hello: empty } = await inSession(lab, { auth: "" });
  equal(empty.auth, "", "an empty one is one");
  throwsCode(() => lab.client({ ...MEMORY, auth: 5 }), "INVALID_OPTION", "auth");
});

export const auth_is_asked_once_at_a_time = test(async (lab) => {
  const answers = [];
  const auth = () => new Promise((answer) => answers.push(answer));
  const client = lab.client({ ...MEMORY, auth });
  const first = await nextPeer(lab);
  first.socket.drop();
  const second = await nextPeer(lab);
  await settled();
  equal(answers.length, 1, "calls under way");
  answers[0]("fresh");
  equal((await second.welcome()).auth, "fresh", "the answer goes to the attempt of now");
  equal([first.controls, client.state], [[], "open"], "the attempt before says nothing");
});

export const auth_that_fails_or_gives_no_string_is_asked_again = test(async (lab) => {
  const bad = new Error("no token server");
  const auths = [
    () => {
      throw bad;
    },
    () => Promise.reject(bad),
    () => 7,
    () => "good",
  ];
  const client = lab.client({ ...MEMORY, auth: () => auths.shift()() });
  const errors = record(client, ["error"]);
  for (let attempt = 0; attempt < 3; attempt++) equal((await nextPeer(lab)).controls, [], "sent");
  equal((await (await nextPeer(lab)).welcome()).auth, "good", "auth");
  for (const [, error] of errors) hasCode(error, "UNAUTHORIZED", "auth failed");
  equal([errors.length, errors[0][1].cause === bad], [3, true], "errors, and the cause");
});

export const auth_that_answers_late_says_nothing_on_a_link_that_is_gone = test(async (lab) => {
  let answer;
  const client = lab.client({ ...MEMORY, auth: () => new Promise((resolve) => (answer = resolve)) });
  const peer = await nextPeer(lab);
  client.close();
  answer("late");
  await settled();
  equal(peer.controls, [], "control frames");
});

export const refused_credentials_are_asked_for_once_more_and_are_then_the_end = test(async (lab) => {
  const client = lab.client({ ...MEMORY, auth: () => "wrong" });
  for (let attempt = 0; attempt < 2; attempt++) {
    const peer = await nextPeer(lab);
    await peer.control("hello");
    peer.say("error", { errorCode: "UNAUTHORIZED", message: "no", requestId: "" });
    peer.socket.drop(4401, "UNAUTHORIZED");
  }
  equal(client.state, "failed", "the state");
});

export const authenticate_resolves_when_the_server_has_taken_the_token = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  let done = false;
  const authenticated = client.authenticate("second").then(() => (done = true));
  equal((await peer.control("auth")).body, { token: "second" }, "the frame");
  await settled();
  equal(done, false, "before the answer");
  peer.say("authenticated");
  await authenticated;
});

export const authenticate_rejects_when_it_is_refused_or_cannot_be_answered = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const refused = rejectsCode(client.authenticate("another user"), "UNAUTHORIZED", "not yours");
  peer.say("error", { errorCode: "UNAUTHORIZED", message: "not yours", requestId: "" });
  await refused;
  const lost = rejectsCode(client.authenticate("x"), "NOT_OPEN");
  peer.socket.drop(4401);
  await lost;
  await rejectsCode(client.authenticate("x"), "NOT_OPEN");
  await rejectsCode(client.authenticate(7), "INVALID_OPTION", "token");
  client.close();
  await rejectsCode(client.authenticate("x"), "CLOSED");
  const plain = lab.client();
  await rejectsCode(plain.authenticate("x"), "UNSUPPORTED", "session");
});

export const what_only_one_mode_has_is_refused_in_the_other = test(async (lab) => {
  throwsCode(() => lab.client({ session: true, greet: () => "hi" }), "INVALID_OPTION", "greet");
  throwsCode(() => lab.client({ auth: () => "x" }), "INVALID_OPTION", "auth");
  throwsCode(() => lab.client({ session: { storage: "disk" } }), "INVALID_OPTION", "session.storage");
  throwsCode(() => lab.client({ session: { store: "tab" } }), "INVALID_OPTION", 'did you mean "storage"?');
  throwsCode(() => lab.client({ session: "tab" }), "INVALID_OPTION", "session");
  equal(lab.client({ session: false }).session, null, "without a session");
});

export const pings_have_ids_and_the_servers_are_answered_at_once = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const answered = client.ping();
  const { body } = await peer.control("ping");
  peer.say("pong", body);
  ok((await answered) >= 0, "the round trip");
  peer.say("ping", { id: 4_294_967_295 });
  equal(peer.controls.at(-1), { name: "pong", count: 0, body: { id: 4_294_967_295 } }, "the answer");
});
