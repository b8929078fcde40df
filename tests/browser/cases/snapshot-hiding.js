// What a hidden page keeps on its own machine, and when the next page takes it.

import { equal, hasCode } from "../harness/assert.js";
import { putAway } from "../harness/durable.js";
import { freshUrl, inSession, RESUMED } from "../harness/peer.js";
import {
  application,
  measured,
  nextPage,
  saveOf,
  savesOf,
  saving,
  sendParts,
  storeAs,
  stored,
  told,
} from "../harness/state.js";
import { copiesOf, copiesWhen, putCopy } from "../harness/stored.js";
import { settled, test } from "../harness/test.js";

export const a_page_that_is_put_away_keeps_its_state_and_saves_it_in_the_same_task = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  const { peer } = await stored(lab, url, app);
  app.state = { n: 2 };
  putAway();
  const [copy] = await copiesOf(url);
  const { text, check, base, user } = copy;
  equal(
    { text, check, base, user },
    { text: '{"n":2}', check: measured('{"n":2}').check, base: 3, user: "u" },
    "the copy",
  );
  equal(
    [savesOf(peer)[1]?.text, peer.socket.closedWith.code],
    ['{"n":2}', 4000],
    "what left before the link was closed",
  );
});

export const state_that_is_stored_is_not_kept_here = test(async (lab) => {
  const url = freshUrl();
  await stored(lab, url, application({ n: 1 }));
  putAway();
  equal(await copiesOf(url), [], "copies");
});

export const the_next_page_goes_on_with_what_is_kept_here = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  const { client, peer } = await stored(lab, url, app);
  client.on("message", ({ data }) => (app.state = { data }));
  peer.say("from", { stream: "", epoch: 5, next: 1 });
  peer.send("one");
  await settled();
  putAway();
  const page = application(null);
  const next = await nextPage(lab, url, page);
  equal(next.hello.snapshot, { version: 3, restore: true }, "what the hello says of it");
  equal(next.hello.positions, { "": [5, 1] }, "its positions");
  await next.peer.welcome({ ...RESUMED, ...told({ n: 1 }, { version: 3, follows: false }) });
  const [[state, info]] = page.restored;
  equal([state, info.version, next.client.state], [{ data: "one" }, 3, "open"], "restored");
  const saved = next.client.snapshot();
  const save = await saveOf(next.peer);
  equal([save.base, save.form, save.text], [3, "data", '{"data":"one"}'], "it is still to be saved");
  storeAs(next.peer, save, 4);
  await saved;
  await copiesWhen(url, ({ length }) => length === 0);
});

export const what_the_server_got_later_goes_before_what_is_kept_here = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  await stored(lab, url, app);
  app.state = { n: 2 };
  putAway();
  const page = application(null);
  const next = await nextPage(lab, url, page);
  await next.peer.welcome({ ...RESUMED, ...told({ n: 9 }, { version: 8 }) });
  sendParts(next.peer, '{"n":9}');
  equal(page.restored[0][0], { n: 9 }, "restored");
});

export const a_save_that_was_on_its_way_does_not_outdate_what_is_kept_here = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  const { client, peer } = await stored(lab, url, app, { key: "draft" });
  app.state = { n: 2 };
  client.snapshot().catch(() => {});
  await saveOf(peer, 2);
  app.state = { n: 3 };
  putAway();
  const page = application(null);
  const next = await nextPage(lab, url, page, { key: "draft" });
  await next.peer.welcome({ ...RESUMED, ...told({ n: 2 }, { version: 4 }) });
  sendParts(next.peer, '{"n":2}');
  equal(page.restored[0][0], { n: 3 }, "restored");
});

export const what_is_kept_here_goes_on_from_a_save_that_was_on_its_way = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  const { client, peer } = await stored(lab, url, app);
  app.state = { n: 2 };
  client.snapshot().catch(() => {});
  const save = await saveOf(peer, 2);
  app.state = { n: 3 };
  globalThis.document?.dispatchEvent(new Event("freeze")) ?? putAway();
  if (!globalThis.document) return;
  await copiesWhen(url, ([copy]) => copy?.base === 3);
  storeAs(peer, save, 4);
  await copiesWhen(url, ([copy]) => copy?.base === 4 && copy.text === '{"n":3}');
});

export const another_users_state_stays_where_it_is = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  await stored(lab, url, app, { key: "draft" });
  app.state = { secret: true };
  putAway();
  const page = application(null);
  const next = await nextPage(lab, url, page, { key: "draft" });
  await next.peer.welcome({
    session: "s-2",
    token: "t-9",
    reason: "user",
    user: "v",
    ...told({}, { version: 3, follows: false }),
  });
  equal([next.client.state, page.restored], ["open", []], "restored");
});

export const a_copy_that_cannot_be_read_is_told_and_not_believed = test(async (lab) => {
  const good = { user: "u", base: 3, text: '{"n":2}', check: measured('{"n":2}').check, savedAt: Date.now() };
  const wrongs = [
    { text: '{"n":3}' },
    { text: 7 },
    { check: -1 },
    { check: undefined },
    { base: "3" },
    { base: -1 },
    { base: 0.5 },
    { user: 7 },
    { savedAt: "now" },
    { positions: { "": [1] } },
    { positions: { "": ["1", 2] } },
    { positions: [7] },
    { positions: 7 },
    { positions: null },
  ];
  for (const wrong of wrongs) {
    const url = freshUrl();
    await putCopy({ name: url, key: "k:draft", ...good, ...wrong });
    await putCopy({ name: url, key: "k:other", ...good });
    const page = application(null);
    const { client, events, peer, hello } = await nextPage(lab, url, page, { key: "draft" });
    equal(hello.snapshot, { key: "draft", restore: true }, `the hello with ${JSON.stringify(wrong)}`);
    await peer.welcome();
    equal([client.state, page.restored], ["open", []], "restored");
    const errors = events.filter(([name]) => name === "error");
    equal(errors.length, 1, "errors");
    hasCode(errors[0][1], "STORAGE", "copy");
    equal(
      (await copiesOf(url)).map(({ key }) => key),
      ["k:other"],
      "what is left",
    );
  }
});

export const closing_ends_a_checkpoint_and_keeps_a_document = test(async (lab) => {
  for (const [key, left] of [
    [undefined, 0],
    ["draft", 1],
  ]) {
    const url = freshUrl();
    const app = application({ n: 1 });
    const { client } = await stored(lab, url, app, { key });
    app.state = { n: 2 };
    putAway();
    await copiesWhen(url, ({ length }) => length === 1);
    client.close();
    await copiesWhen(url, ({ length }) => length === left);
  }
});

export const without_a_database_state_is_saved_all_the_same = test(async (lab) => {
  lab.replace(indexedDB.constructor.prototype, "open", () => {
    throw new DOMException("no", "SecurityError");
  });
  const app = application({ n: 1 });
  const { client, peer } = await inSession(lab, saving(app));
  const saved = client.snapshot();
  storeAs(peer, await saveOf(peer), 3);
  equal(await saved, { version: 3 }, "the version");
  app.state = { n: 2 };
  putAway();
  equal(savesOf(peer).length, 2, "saves");
});
