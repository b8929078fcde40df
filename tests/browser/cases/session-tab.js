// `storage: "tab"`, and how a tab finds its own session again.

import { equal, hasCode } from "../harness/assert.js";
import { again, freshUrl, inSession, nextPeer, RESUMED } from "../harness/peer.js";
import { holdLock, putRow, storedRows } from "../harness/stored.js";
import { event, settled, test } from "../harness/test.js";

const TAB = { session: { storage: "tab" } };
const putAway = () => globalThis.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));

/** The key of what the tab stores of its session under this name, as soon as it does. */
async function storedIn(url) {
  for (;;) {
    const memory = sessionStorage.getItem(`steadfast:${url}:`);
    const key = `steadfast:${url}:${memory}`;
    if (memory && sessionStorage.getItem(key)) return key;
    await settled();
  }
}

export const a_tab_keeps_its_session_for_itself = test(async (lab) => {
  const url = freshUrl();
  const { hello: first } = await inSession(lab, TAB, {}, url);
  const key = await storedIn(url);
  putAway();
  const client = lab.client(TAB, url);
  const second = await (await nextPeer(lab)).welcome(RESUMED);
  equal([second.session, second.token, second.claim], ["s-1", "t-1", first.claim + 1], "who");
  equal([await storedRows(url), client.session.resumed], [[], true], "rows in the database");
  client.close();
  while (sessionStorage.getItem(key)) await settled();
});

export const two_clients_of_a_tab_have_sessions_of_their_own = test(async (lab) => {
  const url = freshUrl();
  await inSession(lab, TAB, {}, url);
  const { hello, client } = await inSession(lab, TAB, { session: "s-2", token: "u-1" }, url);
  equal([hello.session, client.session.id], [undefined, "s-2"], "the second");
});

export const a_reloaded_tab_waits_for_its_own_session = test(async (lab) => {
  const url = freshUrl();
  await putRow({ name: url, id: "other", token: "o" });
  await putRow({ name: url, id: "own", token: "t", at: Date.now() - 1_000 });
  sessionStorage.setItem(`steadfast:${url}:`, "own");
  const letGo = await holdLock(url, "own");
  lab.client({ session: true }, url);
  const peer = await nextPeer(lab);
  await settled();
  equal(peer.controls, [], "sent while the page before has it");
  letGo();
  equal((await peer.control("hello")).body.session, "own", "the session");
});

export const a_copied_tab_takes_another_session_in_the_end = test(async (lab) => {
  const url = freshUrl();
  await putRow({ name: url, id: "own", token: "t" });
  sessionStorage.setItem(`steadfast:${url}:`, "own");
  const letGo = await holdLock(url, "own");
  const patience = new AbortController();
  const { timeout } = AbortSignal;
  lab.replace(AbortSignal, "timeout", (ms) => (ms === 2_000 ? patience.signal : timeout.call(AbortSignal, ms)));
  lab.client({ session: true }, url);
  const peer = await nextPeer(lab);
  await settled();
  patience.abort(new DOMException("2 s", "TimeoutError"));
  equal((await peer.control("hello")).body.session, undefined, "the session");
  letGo();
});

export const a_tab_that_may_not_store_has_its_session_in_memory = test(async (lab) => {
  lab.replace(Storage.prototype, "setItem", () => {
    throw new DOMException("no room", "QuotaExceededError");
  });
  const client = lab.client(TAB, freshUrl());
  const failed = event(client, "error");
  const peer = await nextPeer(lab);
  await peer.welcome();
  hasCode(await failed, "STORAGE", "no room");
  const { hello } = await again(lab, client, peer);
  equal(hello.session, "s-1", "the session");
});
