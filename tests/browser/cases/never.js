// What never answers has its time: the application's functions, locks, databases.

import { equal, hasCode } from "../harness/assert.js";
import { Clocks } from "../harness/clocks.js";
import { durable, freshName } from "../harness/durable.js";
import { freshUrl, inSession, nextPeer } from "../harness/peer.js";
import { event, record, settled, test } from "../harness/test.js";

const never = () => new Promise(() => {});

/** A platform function that never answers in the place of `object[name]`. Resolves when it is asked. */
const silence = (lab, object, name, answer) =>
  new Promise((asked) => {
    lab.replace(object, name, () => {
      asked();
      return answer;
    });
  });

export const auth_that_never_answers_is_given_up_and_asked_again = test(async (lab) => {
  const clocks = new Clocks(lab);
  let asked = 0;
  const client = lab.client({
    session: { storage: "memory" },
    connectTimeout: 5_000,
    auth: () => (asked++ ? `token ${asked}` : never()),
  });
  await nextPeer(lab);
  const error = event(client, "error");
  await clocks.pass(5_000);
  hasCode(await error, "CONNECT_TIMEOUT");
  await clocks.pass(1);
  const peer = await nextPeer(lab);
  equal((await peer.welcome()).auth, "token 2", "the credentials");
  equal([client.state, asked], ["open", 2], "the state, and how often it was asked");
});

export const reconnecting_asks_for_credentials_anew_as_well = test(async (lab) => {
  const clocks = new Clocks(lab);
  let asked = 0;
  const client = lab.client({ session: { storage: "memory" }, auth: () => (asked++ ? "token" : never()) });
  await nextPeer(lab);
  client.reconnect();
  await nextPeer(lab);
  equal(asked, 1, "an answer under way is waited for");
  await clocks.pass(10_001);
  const peer = await nextPeer(lab);
  equal((await peer.welcome()).auth, "token", "the credentials");
});

/** A session whose storage does not answer in 5 s: it says so, and is there without. */
async function isInMemory(lab, options) {
  const clocks = new Clocks(lab);
  const asked = options.silent(lab);
  const { silent, ...rest } = options;
  const client = lab.client({ ...rest, connectTimeout: 1e9 }, freshUrl());
  const errors = record(client, ["error"]);
  client.send("x");
  const peer = await nextPeer(lab);
  await asked;
  let isWelcome = false;
  const welcomed = peer.welcome().then(() => {
    isWelcome = true;
  });
  // What answers does so in its own time: the clock goes on until nothing is waited for any more.
  while (!isWelcome) await clocks.pass(1_000).then(settled);
  await welcomed;
  equal(await peer.received(1), ["x"], "sent");
  equal(
    errors.map(([, { code }]) => code),
    ["STORAGE"],
    "errors",
  );
  equal([client.state, lab.network.sockets.length], ["open", 1], "state and sockets");
}

const silentLocks = (lab) => silence(lab, navigator.locks, "request", never());
const silentDatabases = (lab) => silence(lab, indexedDB, "open", {});

export const locks_that_never_answer_leave_a_session_in_memory = test((lab) =>
  isInMemory(lab, { session: true, silent: silentLocks }),
);

export const a_database_that_never_answers_leaves_a_session_in_memory = test((lab) =>
  isInMemory(lab, { session: true, silent: silentDatabases }),
);

export const locks_that_never_answer_leave_a_durable_queue_in_memory = test((lab) =>
  isInMemory(lab, { ...durable(freshName()), silent: silentLocks }),
);

export const a_database_that_never_answers_leaves_a_durable_queue_in_memory = test((lab) =>
  isInMemory(lab, { ...durable(freshName()), silent: silentDatabases }),
);

export const a_lock_that_is_never_free_again_keeps_no_later_client_waiting = test(async (lab) => {
  const url = freshUrl();
  const request = navigator.locks.request.bind(navigator.locks);
  lab.replace(navigator.locks, "request", (...asked) => {
    request(...asked);
    return never();
  });
  const first = await inSession(lab, { session: true }, {}, url);
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  lab.replace(AbortSignal, "timeout", () => timeout(200));
  first.client.close();
  const opened = event(lab.client({ session: true }, url), "open");
  const peer = await nextPeer(lab);
  await peer.welcome();
  await opened;
});
