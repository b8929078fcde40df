// The application's decision about a loss.

import { equal, hasCode, ok } from "../harness/assert.js";
import { event, record, settled, test } from "../harness/test.js";

export const decide_is_told_how_the_link_was_lost = test(async (lab) => {
  const asked = [];
  const { socket } = await lab.opened({ reconnect: { decide: (lost) => void asked.push(lost) } });
  socket.drop(4005, "why");
  (await lab.network.next()).drop();
  equal(
    asked,
    [
      { code: 4005, reason: "why", wasClean: true, attempt: 1, opened: true },
      { code: 1006, reason: "", wasClean: false, attempt: 2, opened: false },
    ],
    "what it was told",
  );
});

export const decide_overrides_the_table = test(async (lab) => {
  const decisions = [
    [1008, "retry", null],
    [1006, "stop", "REFUSED"],
    [1008, { after: 0 }, null],
    [1008, undefined, "REFUSED"],
    [1006, undefined, null],
  ];
  for (const [code, decision, failure] of decisions) {
    for (const decide of [() => decision, async () => decision]) {
      const { client, socket } = await lab.opened({ reconnect: { decide } });
      const outcome = Promise.race([event(client, "failed"), event(client, "reconnecting")]);
      socket.drop(code);
      const { code: failed = null } = await outcome;
      equal(failed, failure, `after ${code} and ${JSON.stringify(decision)}`);
      client.close();
    }
  }
});

export const a_decided_delay_is_kept = test(async (lab) => {
  const { client, socket } = await lab.opened({ reconnect: { decide: () => ({ after: 12_345 }) } });
  const waiting = event(client, "reconnecting");
  socket.drop();
  equal((await waiting).delay, 12_345, "the delay");
});

export const decide_may_ask_for_fresh_credentials_once = test(async (lab) => {
  const { client, socket } = await lab.opened({ reconnect: { decide: () => "reauthenticate" } });
  socket.drop(1006);
  const failed = event(client, "failed");
  (await lab.network.next()).drop(1006);
  hasCode(await failed, "UNAUTHORIZED");
});

export const a_decide_that_fails_or_talks_nonsense_leaves_it_to_the_table = test(async (lab) => {
  const oops = new Error("oops");
  const mistakes = [
    () => {
      throw oops;
    },
    async () => {
      throw oops;
    },
    () => "perhaps",
    () => null,
    () => 5,
    () => ({ after: -1 }),
    () => ({ after: Number.NaN }),
    () => ({ after: Number.POSITIVE_INFINITY }),
    () => ({ after: "1" }),
    async () => Symbol("odd"),
  ];
  for (const decide of mistakes) {
    for (const [code, expected] of [
      [1006, "reconnecting"],
      [1008, "failed"],
    ]) {
      const { client, socket } = await lab.opened({ reconnect: { decide } });
      const events = record(client, ["error", "reconnecting", "failed"]);
      const outcome = event(client, expected);
      socket.drop(code);
      await outcome;
      equal(
        events.map(([name]) => name),
        ["error", expected],
        `after ${code} and ${decide}`,
      );
      hasCode(events[0][1], "INVALID_OPTION", "reconnect.decide");
      client.close();
    }
  }
});

export const a_decide_that_never_answers_leaves_it_to_the_table_in_the_end = test(async (lab) => {
  let answer;
  const decide = () => new Promise((resolve) => (answer = resolve));
  const { client, socket } = await lab.opened({ connectTimeout: 20, reconnect: { decide } });
  const events = record(client, ["disconnect", "reconnecting"]);
  socket.drop(1006);
  equal(client.state, "reconnecting", "the state meanwhile");
  await event(client, "reconnecting");
  equal(
    events.map(([name]) => name),
    ["disconnect", "reconnecting"],
    "events",
  );
  await lab.network.open();
  answer("stop");
  await settled();
  equal(client.state, "open", "a late answer changes nothing: the state");
});

export const decide_may_call_the_client = test(async (lab) => {
  const calls = {
    close: [(client) => client.close(), "closed"],
    reconnect: [(client) => client.reconnect(), "reconnecting"],
    connect: [(client) => client.connect(), "reconnecting"],
    send: [(client) => client.send("x"), "reconnecting"],
  };
  for (const [name, [call, expected]] of Object.entries(calls)) {
    let called = 0;
    const { client, socket } = await lab.opened({
      reconnect: {
        decide: () => {
          if (called++ === 0) call(client);
          return "retry";
        },
      },
    });
    socket.drop();
    await settled();
    ok(called > 0, "it was asked");
    equal(client.state, expected, `the state after ${name}`);
    ok(lab.network.live.length <= 1, "at most one link");
    client.close();
  }
});
