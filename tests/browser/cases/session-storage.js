// Where a session is kept, and which client has it: `storage: "browser"` and "memory".

import { equal, hasCode, ok } from "../harness/assert.js";
import { again, freshUrl, inSession, nextPeer, RESUMED } from "../harness/peer.js";
import { holdLock, putRow, rowsWhen, storedRows } from "../harness/stored.js";
import { record, settled, test } from "../harness/test.js";

const BROWSER = { session: true };
const putAway = () => globalThis.dispatchEvent(new Event("pagehide"));
const comeBack = () => globalThis.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));

/** A client whose session "s-1" is stored, in this `memory`. */
async function stored(lab, url, fields = {}) {
  const made = await inSession(lab, BROWSER, fields, url);
  const [{ memory }] = await rowsWhen(url, (rows) => rows.some((row) => row.id === "s-1"));
  return { ...made, memory };
}

export const a_session_is_stored_under_its_address_without_the_query = test(async (lab) => {
  const url = freshUrl();
  const { hello } = await stored(lab, `${url}`, {});
  const [{ name, id, token, claim }] = await storedRows(url);
  equal({ name, id, token, claim }, { name: url, id: "s-1", token: "t-1", claim: hello.claim }, "the row");
  putAway();
  lab.client(BROWSER, `${url}?ticket=7`);
  const { body } = await (await nextPeer(lab)).control("hello");
  equal(body.session, "s-1", "the session behind another query");
});

export const the_claim_is_stored_before_the_hello = test(async (lab) => {
  const url = freshUrl();
  const { client, peer } = await stored(lab, url);
  peer.socket.drop();
  const next = await nextPeer(lab);
  const { body } = await next.control("hello");
  const [{ claim }] = await storedRows(url);
  equal(claim, body.claim, "the claim in the row");
  await next.welcome(RESUMED);
  const [{ token }] = await rowsWhen(url, ([row]) => row.token !== "t-1");
  equal([token, client.session.id], ["t-2", "s-1"], "the new token");
});

export const the_next_page_goes_on_with_the_session = test(async (lab) => {
  const url = freshUrl();
  const { hello: first } = await stored(lab, url);
  putAway();
  const client = lab.client(BROWSER, url);
  const peer = await nextPeer(lab);
  const second = await peer.welcome(RESUMED);
  equal([second.session, second.token, second.positions ?? {}], ["s-1", "t-1", {}], "who");
  ok(second.claim > first.claim && second.instance !== first.instance, "a higher claim, another instance");
  equal(client.session, { id: "s-1", resumed: true }, "the session");
});

export const two_clients_at_once_have_sessions_of_their_own = test(async (lab) => {
  const url = freshUrl();
  await stored(lab, url);
  const second = lab.client(BROWSER, url);
  const peer = await nextPeer(lab);
  const hello = await peer.welcome({ session: "s-2", token: "u-1" });
  equal([hello.session, second.session.id], [undefined, "s-2"], "the second");
  equal(
    (await rowsWhen(url, ({ length }) => length === 2)).map(({ id }) => id),
    ["s-1", "s-2"],
    "rows",
  );
});

export const a_new_client_takes_the_free_session_that_was_used_last = test(async (lab) => {
  const url = freshUrl();
  await putRow({ name: url, id: "old", token: "a", at: Date.now() - 2_000 });
  await putRow({ name: url, id: "newer", token: "b", at: Date.now() - 1_000 });
  await putRow({ name: url, id: "held", token: "c" });
  const letGo = await holdLock(url, "held");
  lab.client(BROWSER, url);
  const { body } = await (await nextPeer(lab)).control("hello");
  equal([body.session, body.token, body.claim], ["newer", "b", 2], "who");
  letGo();
});

export const what_is_long_gone_is_not_asked_for = test(async (lab) => {
  const url = freshUrl();
  await putRow({ name: url, id: "gone", token: "a", at: Date.now() - 31 * 86_400_000 });
  lab.client(BROWSER, url);
  const { body } = await (await nextPeer(lab)).control("hello");
  equal([body.session, await storedRows(url)], [undefined, []], "the session, and rows");
});

export const a_row_that_is_none_is_not_used = test(async (lab) => {
  const good = { id: "s-1", token: "t", claim: 7 };
  const wrong = [{ token: 7 }, { token: "" }, { token: "a b" }, { token: undefined }, { id: undefined }, { id: {} }];
  wrong.push({ id: "x".repeat(65) }, { claim: "7" }, { claim: -1 }, { claim: 2 ** 53 - 1 }, { claim: 1.5 });
  for (const fields of wrong) {
    const url = freshUrl();
    await putRow({ name: url, memory: "m", ...good, ...fields });
    const client = lab.client(BROWSER, url);
    const { body } = await (await nextPeer(lab)).control("hello");
    equal([body.session, body.claim, await storedRows(url)], [undefined, 1, []], JSON.stringify(fields));
    client.close();
  }
});

export const a_page_that_is_put_away_lets_go_and_asks_again = test(async (lab) => {
  const url = freshUrl();
  const { client, memory } = await stored(lab, url);
  putAway();
  const letGo = await holdLock(url, memory);
  comeBack();
  const peer = await nextPeer(lab);
  await settled();
  equal(peer.controls, [], "sent while another page has the session");
  letGo();
  equal((await peer.welcome(RESUMED)).session, "s-1", "the session");
  equal(client.session.resumed, true, "resumed");
});

export const what_another_page_did_with_the_session_is_known_when_it_comes_back = test(async (lab) => {
  const url = freshUrl();
  const { memory } = await stored(lab, url);
  putAway();
  await putRow({ name: url, memory, id: "s-1", token: "t-9", claim: 41 });
  comeBack();
  const { body } = await (await nextPeer(lab)).control("hello");
  equal([body.session, body.token, body.claim], ["s-1", "t-9", 42], "who");
});

export const a_session_that_another_page_keeps_is_lost_to_this_one = test(async (lab) => {
  const url = freshUrl();
  const { client, memory } = await stored(lab, url);
  const patience = new AbortController();
  const { timeout } = AbortSignal;
  lab.replace(AbortSignal, "timeout", (ms) => (ms === 2_000 ? patience.signal : timeout.call(AbortSignal, ms)));
  const errors = record(client, ["error"]);
  putAway();
  const letGo = await holdLock(url, memory);
  comeBack();
  const peer = await nextPeer(lab);
  patience.abort(new DOMException("2 s", "TimeoutError"));
  const hello = await peer.welcome({ session: "s-2", token: "u-1" });
  equal([hello.session, client.session.id], [undefined, "s-2"], "the session");
  hasCode(errors[0][1], "SESSION_LOST");
  ok(
    (await storedRows(url)).some(({ id }) => id === "s-1"),
    "the other page's row stays",
  );
  letGo();
});

export const a_client_that_gave_up_lets_go = test(async (lab) => {
  const url = freshUrl();
  const { client, peer, memory } = await stored(lab, url);
  peer.socket.drop(1008);
  equal(client.state, "failed", "the state");
  const letGo = await holdLock(url, memory);
  letGo();
  client.reconnect();
  equal((await (await nextPeer(lab)).control("hello")).body.session, "s-1", "the session, when it begins again");
});

export const closing_deletes_what_is_stored = test(async (lab) => {
  const url = freshUrl();
  const { client, memory } = await stored(lab, url);
  client.close();
  await rowsWhen(url, ({ length }) => length === 0);
  (await holdLock(url, memory))();
});

export const a_session_that_is_gone_gives_way_to_the_new_one = test(async (lab) => {
  const url = freshUrl();
  const { client, peer, memory } = await stored(lab, url);
  peer.socket.drop();
  await (await nextPeer(lab)).welcome({ session: "s-2", token: "u-1", reason: "unknown" });
  const rows = await rowsWhen(url, (found) => found.some(({ id }) => id === "s-2"));
  equal([rows.length, rows[0].memory, client.session.id], [1, memory, "s-2"], "rows");
});

export const the_session_of_another_user_stays = test(async (lab) => {
  const url = freshUrl();
  const { peer, memory } = await stored(lab, url);
  peer.socket.drop();
  await (await nextPeer(lab)).welcome({ session: "s-2", token: "u-1", reason: "user" });
  const rows = await rowsWhen(url, ({ length }) => length === 2);
  equal(
    rows.map(({ id, token }) => [id, token]),
    [
      ["s-1", "t-1"],
      ["s-2", "u-1"],
    ],
    "rows",
  );
  (await holdLock(url, memory))();
});

export const storage_that_refuses_means_memory_and_is_said = test(async (lab) => {
  for (const [object, name] of [
    [globalThis.navigator, "locks"],
    [globalThis, "indexedDB"],
  ]) {
    lab.replace(object, name, undefined);
    const url = freshUrl();
    const client = lab.client(BROWSER, url);
    const errors = record(client, ["error"]);
    const peer = await nextPeer(lab);
    await peer.welcome();
    const { peer: next, hello } = await again(lab, client, peer);
    hasCode(errors[0][1], "STORAGE", "in memory");
    equal([errors.length, hello.session, hello.token], [1, "s-1", "t-1"], `errors without ${name}, and who`);
    client.close();
    next.socket.drop();
  }
});

export const a_database_that_never_answers_means_memory = test(async (lab) => {
  lab.replace(AbortSignal, "timeout", () => {
    const patience = new AbortController();
    queueMicrotask(() => patience.abort(new DOMException("5 s", "TimeoutError")));
    return patience.signal;
  });
  lab.replace(IDBFactory.prototype, "open", () => ({}));
  const client = lab.client(BROWSER, freshUrl());
  const errors = record(client, ["error"]);
  await (await nextPeer(lab)).welcome();
  hasCode(errors[0][1], "STORAGE", "in memory");
  equal([errors.length, client.state], [1, "open"], "errors, and the state");
});

export const storage_that_stops_working_means_memory_too = test(async (lab) => {
  const url = freshUrl();
  const { client, peer } = await stored(lab, url);
  const errors = record(client, ["error"]);
  lab.replace(IDBObjectStore.prototype, "put", () => {
    throw new DOMException("no room", "QuotaExceededError");
  });
  const { hello } = await again(lab, client, peer);
  equal(hello.session, "s-1", "the session");
  hasCode(errors[0][1], "STORAGE", "no room");
});

export const memory_stores_nothing_and_holds_nothing = test(async (lab) => {
  const url = freshUrl();
  const { client } = await inSession(lab, {}, {}, url);
  const errors = record(client, ["error"]);
  const second = await inSession(lab, {}, { session: "s-2" }, url);
  await settled();
  const { held } = await navigator.locks.query();
  equal([await storedRows(url), held.filter(({ name }) => name.includes(url)), errors], [[], [], []], "rows and locks");
  equal([second.hello.session, second.client.session.id], [undefined, "s-2"], "the second");
});

export const a_lost_welcome_strands_nobody = test(async (lab) => {
  const url = freshUrl();
  const { client, peer } = await stored(lab, url);
  peer.socket.drop();
  const deaf = await nextPeer(lab);
  await deaf.control("hello");
  deaf.socket.drop();
  const { body } = await (await nextPeer(lab)).control("hello");
  equal([body.session, body.token, body.claim, client.session.id], ["s-1", "t-1", 4, "s-1"], "who");
});
