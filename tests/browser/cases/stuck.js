// A message that something on the way refuses: links end right behind it.

import { equal, hasCode, rejectsCode } from "../harness/assert.js";
import { inSession, nextPeer, RESUMED } from "../harness/peer.js";
import { ignored, record, test } from "../harness/test.js";

/** So many links in a row that end with `code` behind "big"; the last peer, and the client. */
async function ended(lab, times, code) {
  const { client, peer } = await inSession(lab);
  const events = record(client, ["dropped", "error", "reconnecting"]);
  const big = client.deliver("big");
  ignored(big);
  client.send("behind");
  let link = peer;
  for (let links = 0; links < times; links++) {
    if (links) link = await next(lab);
    const sent = await link.received(links < 3 ? 2 : 1);
    equal(sent, links < 3 ? ["big", "behind"] : ["big"], `sent on link ${links + 1}`);
    events.length = 0;
    link.socket.drop(code);
  }
  return { client, events, big };
}

async function next(lab) {
  const peer = await nextPeer(lab);
  await peer.welcome({ ...RESUMED, received: 0 });
  return peer;
}

export const ended_by_1009_it_is_dropped_and_what_is_behind_it_goes = test(async (lab) => {
  const { events, big } = await ended(lab, 4, 1009);
  const [[, dropped]] = events.filter(([name]) => name === "dropped");
  equal(dropped, { data: "big", reason: "too-large", delivered: "unknown" }, "dropped");
  await rejectsCode(big, "MESSAGE_TOO_LARGE");
  const peer = await next(lab);
  equal(await peer.received(1), ["behind"], "sent");
});

export const ended_otherwise_it_is_named_and_attempts_are_seldom = test(async (lab) => {
  const { client, events } = await ended(lab, 4, 1006);
  const [[, error]] = events.filter(([name]) => name === "error");
  hasCode(error, "UNDELIVERED");
  equal(error.cause, { number: 1, bytes: 3, code: 1006 }, "the cause");
  const [[, { delay }]] = events.filter(([name]) => name === "reconnecting");
  equal(delay, 60_000, "the delay");
  client.connect();
  const peer = await next(lab);
  equal(await peer.received(1), ["big"], "sent alone");
  peer.stored(1);
  equal(await peer.received(2), ["big", "behind"], "sent once it has got through");
});

export const the_application_can_take_it_back = test(async (lab) => {
  const { client, big } = await ended(lab, 4, 1006);
  equal(client.drain(), ["big", "behind"], "taken back");
  await rejectsCode(big, "ABORTED");
  client.send("later");
  client.reconnect();
  const peer = await next(lab);
  equal(await peer.received(1), ["later"], "sent");
});
