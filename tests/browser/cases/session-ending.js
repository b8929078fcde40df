// How a session ends, and what does not end it.

import { equal, rejectsCode } from "../harness/assert.js";
import { again, inSession, nextPeer } from "../harness/peer.js";
import { event, record, settled, test } from "../harness/test.js";

export const closing_sends_what_waits_and_then_the_end = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  client.send("a");
  client.send("b");
  const events = record(client, ["dropped"]);
  client.close(1000, "bye");
  equal(peer.messages, ["a", "b"], "messages");
  equal(peer.controls.at(-1), { name: "end", count: 2, body: undefined }, "the last frame");
  equal(peer.socket.closedWith, { code: 1000, reason: "bye" }, "closed with");
  equal(
    events.map(([, detail]) => detail),
    ["a", "b"].map((data) => ({ data, reason: "closed", delivered: "unknown" })),
    "dropped",
  );
});

export const closing_drops_what_the_window_does_not_allow = test(async (lab) => {
  const { client, peer } = await inSession(lab, {}, { window: [1, 100] });
  const events = record(client, ["dropped"]);
  const given = rejectsCode(client.deliver("a"), "CLOSED");
  const waits = rejectsCode(client.deliver("b"), "CLOSED");
  client.close();
  await Promise.all([given, waits]);
  equal([peer.messages, peer.controls.at(-1).name], [["a"], "end"], "sent");
  equal(
    events.map(([, { data, delivered }]) => [data, delivered]),
    [
      ["a", "unknown"],
      ["b", false],
    ],
    "dropped",
  );
});

export const closing_without_a_link_says_nothing_to_the_server = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  peer.socket.drop();
  client.close();
  equal([client.state, peer.controls.some(({ name }) => name === "end")], ["closed", false], "state, and an end");
});

export const a_session_goes_on_after_any_close_code_that_is_retried = test(async (lab) => {
  let { client, peer } = await inSession(lab);
  for (const code of [1000, 1001, 1006, 1011, 1012, 1013, 4000, 4001, 4400, 4410]) {
    const opened = event(client, "open");
    peer.socket.drop(code);
    if (client.state === "failed") client.reconnect();
    const next = await nextPeer(lab);
    const hello = await next.welcome({ resumed: true, reason: "resumed" });
    equal([hello.session, (await opened).resumed], ["s-1", true], `after ${code}`);
    peer = next;
  }
});

export const reconnecting_by_hand_resumes = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  client.send("a");
  await peer.received(1);
  const opened = event(client, "open");
  client.reconnect();
  const next = await nextPeer(lab);
  await next.welcome({ resumed: true, reason: "resumed", received: 0 });
  equal((await opened).resumed, true, "resumed");
  equal(await next.received(1), ["a"], "sent again");
});

export const a_queue_that_is_off_needs_a_welcome = test(async (lab) => {
  const client = lab.client({ session: { storage: "memory" }, queue: false });
  const peer = await nextPeer(lab);
  await peer.control("hello");
  let code = "";
  try {
    client.send("early");
  } catch (error) {
    code = error.code;
  }
  await peer.welcome();
  client.send("late");
  equal([code, await peer.received(1)], ["NOT_OPEN", ["late"]], "refused, and sent");
});

export const drain_takes_back_what_has_no_number = test(async (lab) => {
  const { client, peer } = await inSession(lab, {}, { window: [1, 100] });
  client.send("given");
  client.send("waits");
  await settled();
  equal(client.drain(), ["waits"], "taken back");
  const { peer: next } = await again(lab, client, peer);
  equal(await next.received(1), ["given"], "sent again");
});

export const a_thousand_messages_leave_no_payload_behind = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  for (let number = 0; number < 1_000; number++) client.send(`message ${number}`);
  await peer.received(1_000);
  const lost = event(client, "disconnect");
  peer.stored(1_000);
  await client.flush();
  peer.socket.drop();
  equal([(await lost).unconfirmed, client.queued], [0, { messages: 0, bytes: 0 }], "unacknowledged, and queued");
});
