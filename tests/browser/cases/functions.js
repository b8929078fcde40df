// The application's functions: the URL, the subprotocols, the greeting, the decision, ping and pong. They may throw,
// reject, never answer, answer late, answer nonsense and call the client.

import { equal, hasCode, ok } from "../harness/assert.js";
import { event, record, settled, test } from "../harness/test.js";

const never = () => new Promise(() => {});
const oops = new Error("oops");
const throwing = () => {
  throw oops;
};
const rejecting = async () => throwing();

/** A function that does each of `behaviours` in turn, and the last for ever. */
function inTurn(...behaviours) {
  const asked = (...args) => behaviours[Math.min(asked.times++, behaviours.length - 1)](...args);
  asked.times = 0;
  return asked;
}

export const a_url_function_is_asked_before_every_attempt = test(async (lab) => {
  let asked = 0;
  const client = lab.client({}, () => `ws://fake.test/${++asked}`);
  const first = await lab.network.open();
  first.drop();
  const second = await lab.network.next();
  second.drop();
  const third = await lab.network.open();
  equal(
    [first.url, second.url, third.url],
    ["ws://fake.test/1", "ws://fake.test/2", "ws://fake.test/3"],
    "the addresses",
  );
  equal(client.url, "ws://fake.test/3", "client.url");
});

export const a_url_function_may_give_a_url_or_a_promise = test(async (lab) => {
  const url = inTurn(
    () => new URL("ws://fake.test/url"),
    async () => "ws://fake.test/promise",
    async () => new URL("https://fake.test/secure"),
  );
  lab.client({}, url);
  for (const expected of ["ws://fake.test/url", "ws://fake.test/promise", "wss://fake.test/secure"]) {
    const socket = await lab.network.next();
    equal(socket.url, expected, "the address");
    socket.drop();
  }
});

export const a_url_function_that_throws_or_rejects_is_asked_again = test(async (lab) => {
  for (const failing of [throwing, rejecting]) {
    const url = inTurn(failing, () => "ws://fake.test/");
    const client = lab.client({}, url);
    const events = record(client, ["error", "reconnecting", "open", "failed"]);
    await lab.network.open();
    equal(url.times, 2, "how often it was asked");
    equal(
      events.map(([name]) => name),
      ["error", "reconnecting", "open"],
      "events",
    );
    const error = hasCode(events[0][1], "INVALID_URL", "oops");
    ok(error.cause === oops, "the cause is what was thrown");
  }
});

export const a_url_function_that_never_answers_is_given_up_and_asked_again = test(async (lab) => {
  let answerLate;
  const url = inTurn(
    () => new Promise((resolve) => (answerLate = resolve)),
    () => "ws://fake.test/second",
  );
  const client = lab.client({ connectTimeout: 20 }, url);
  hasCode(await event(client, "error"), "CONNECT_TIMEOUT");
  const socket = await lab.network.open();
  equal(socket.url, "ws://fake.test/second", "the address");
  answerLate("ws://fake.test/late");
  await settled();
  equal(lab.network.sockets.length, 1, "sockets: a late answer makes none");
});

export const a_url_function_that_gives_no_address_ends_the_client = test(async (lab) => {
  for (const wrong of [5, null, undefined, {}, "ws://[", "ftp://fake.test/", "ws://fake.test/#part"]) {
    for (const url of [() => wrong, async () => wrong]) {
      const client = lab.client({}, url);
      const events = record(client, ["error", "failed"]);
      const failure = await event(client, "failed");
      hasCode(failure, "INVALID_URL");
      equal(client.state, "failed", "the state");
      equal(
        events.map(([name, error]) => `${name} ${error.code}`),
        ["error INVALID_URL", "failed INVALID_URL"],
        "events",
      );
    }
  }
  equal(lab.network.sockets.length, 0, "sockets");
});

export const a_url_function_may_close_the_client = test(async (lab) => {
  const client = lab.client({}, () => {
    client.close();
    return "ws://fake.test/";
  });
  await event(client, "close");
  await settled();
  equal(lab.network.sockets.length, 0, "sockets");
});

export const a_url_function_may_reconnect = test(async (lab) => {
  const client = lab.client(
    {},
    inTurn(
      () => {
        client.reconnect();
        return "ws://fake.test/first";
      },
      () => "ws://fake.test/second",
    ),
  );
  const socket = await lab.network.open();
  await settled();
  equal(
    lab.network.sockets.map(({ url }) => url),
    ["ws://fake.test/second"],
    "sockets",
  );
  equal([client.state, socket.readyState], ["open", 1], "client and socket");
});

export const protocols_may_be_a_name_a_list_a_function_or_a_promise = test(async (lab) => {
  const forms = [
    ["a", ["a"]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [() => "c", ["c"]],
    [async () => ["d", "e"], ["d", "e"]],
    [undefined, []],
  ];
  for (const [protocols, expected] of forms) {
    const client = lab.client({ protocols });
    const socket = await lab.network.next();
    equal([socket.protocols].flat(), expected, "offered");
    socket.open(expected[0]);
    equal(client.protocol, expected[0] ?? "", "client.protocol");
  }
});

export const a_protocols_function_that_throws_or_rejects_is_asked_again = test(async (lab) => {
  for (const failing of [throwing, rejecting]) {
    const protocols = inTurn(failing, () => "a");
    const client = lab.client({ protocols });
    const error = hasCode(await event(client, "error"), "INVALID_OPTION", "protocols");
    ok(error.cause === oops, "the cause is what was thrown");
    await lab.network.open("a");
    equal(client.state, "open", "the state");
  }
});

export const a_protocols_function_that_never_answers_is_given_up = test(async (lab) => {
  const client = lab.client({ connectTimeout: 20, protocols: inTurn(never, () => "a") });
  hasCode(await event(client, "error"), "CONNECT_TIMEOUT");
  const socket = await lab.network.open("a");
  equal(socket.protocols, "a", "offered");
});

export const a_protocols_function_that_gives_no_names_ends_the_client = test(async (lab) => {
  for (const wrong of [5, null, "a b", ["a", "a"], [""], {}]) {
    const client = lab.client({ protocols: () => wrong });
    hasCode(await event(client, "failed"), "INVALID_OPTION", "protocols");
  }
  equal(lab.network.sockets.length, 0, "sockets");
});

export const a_greeting_is_sent_first_on_every_link = test(async (lab) => {
  const links = [];
  const greet = (link) => {
    links.push(link);
    return ["token", new Uint8Array([1])];
  };
  const client = lab.client({ greet });
  client.send("waited");
  client.on("statechange", ({ to }) => to === "open" && client.send("from a listener"));
  const first = await lab.network.open();
  equal(first.sent, ["token", [1], "waited", "from a listener"], "sent on the first link");
  first.drop();
  const second = await lab.network.open();
  equal(second.sent, ["token", [1], "from a listener"], "sent on the second link");
  equal(links, [{ attempt: 1 }, { attempt: 2 }], "what it was told");
});

export const a_link_opens_when_its_greeting_is_there = test(async (lab) => {
  let answer;
  const client = lab.client({ greet: () => new Promise((resolve) => (answer = resolve)) });
  const socket = await lab.network.open();
  client.send("waits");
  socket.message("early");
  await settled();
  equal([client.state, socket.sent], ["connecting", []], "before");
  const heard = [];
  client.on("message", ({ data }) => heard.push(data));
  answer("hello");
  await settled();
  equal([client.state, socket.sent], ["open", ["hello", "waits"]], "after");
  equal(heard, ["early"], "what came in before is handed over after");
});

export const a_greeting_may_be_nothing = test(async (lab) => {
  for (const greet of [() => {}, async () => {}, () => []]) {
    const client = lab.client({ greet });
    const opened = event(client, "open");
    const socket = await lab.network.open();
    await opened;
    equal(socket.sent, [], "sent");
  }
});

export const a_greeting_that_fails_ends_the_link_and_is_tried_again = test(async (lab) => {
  const failures = [
    [throwing, "INVALID_DATA"],
    [rejecting, "INVALID_DATA"],
    [() => 5, "INVALID_DATA"],
    [async () => ["good", null], "INVALID_DATA"],
    [() => "x".repeat(101), "MESSAGE_TOO_LARGE"],
  ];
  for (const [failing, code] of failures) {
    const client = lab.client({ greet: inTurn(failing, () => "hello"), maxMessage: 100 });
    const failed = event(client, "error");
    const first = await lab.network.open();
    hasCode(await failed, code);
    equal([first.readyState, first.sent], [2, []], "the first link is closing, and was given nothing");
    const second = await lab.network.open();
    equal([client.state, second.sent], ["open", ["hello"]], "the second link");
  }
});

export const a_greeting_that_never_comes_is_given_up = test(async (lab) => {
  const client = lab.client({ connectTimeout: 20, greet: inTurn(never, () => "hello") });
  const failed = event(client, "error");
  const first = await lab.network.open();
  hasCode(await failed, "CONNECT_TIMEOUT");
  equal(first.readyState, 2, "the first link is closing");
  equal((await lab.network.open()).sent, ["hello"], "sent");
});

export const a_greeting_of_a_link_that_is_gone_is_not_sent = test(async (lab) => {
  const answers = [];
  lab.client({ greet: () => new Promise((resolve) => answers.push(resolve)) });
  const first = await lab.network.open();
  first.drop();
  const second = await lab.network.open();
  answers[0]("for the first");
  await settled();
  equal([first.sent, second.sent], [[], []], "sent");
  answers[1]("for the second");
  await settled();
  equal(second.sent, ["for the second"], "sent");
});

export const a_greeting_may_close_the_client = test(async (lab) => {
  const client = lab.client({
    greet: () => {
      client.close();
      return "too late";
    },
  });
  const events = record(client, ["open", "error", "close"]);
  const socket = await lab.network.open();
  equal([client.state, socket.readyState], ["closed", 2], "client and link");
  equal(socket.sent, [], "nothing is sent on a link that is closing");
  equal(
    events.map(([name]) => name),
    ["close"],
    "events",
  );
});
