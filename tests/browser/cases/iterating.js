// Reading messages with `for await`.

import { equal, hasCode, rejectsCode } from "../harness/assert.js";
import { inSession } from "../harness/peer.js";
import { event, settled, test } from "../harness/test.js";

export const every_iterator_gets_every_message_from_its_creation_on = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const first = client[Symbol.asyncIterator]();
  await settled();
  socket.message("a");
  const second = client[Symbol.asyncIterator]();
  socket.message("b");
  const waiting = [first.next(), first.next(), first.next(), second.next()];
  socket.message("c");
  equal(
    (await Promise.all(waiting)).map(({ value }) => value),
    ["a", "b", "c", "b"],
    "values",
  );
});

export const messages_are_whole_events = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const all = client.messages();
  const read = [];
  const reading = (async () => {
    for await (const message of all) {
      read.push(message);
      if (message.data === "b") break;
    }
  })();
  await settled();
  for (const text of ["a", "b"]) socket.message(text);
  await reading;
  equal(read, [{ data: "a" }, { data: "b" }], "read");
  // Nobody listens between two loops over the same.
  socket.message("c");
  for await (const { data } of all) {
    equal(data, "c", "the next");
    break;
  }
});

export const messages_of_a_session_have_stream_and_number = test(async (lab) => {
  const { client, peer } = await inSession(lab);
  const iterator = client.messages()[Symbol.asyncIterator]();
  peer.say("from", { stream: "lobby", epoch: 5, next: 3 });
  peer.send("a");
  peer.say("volatile", { stream: "lobby" });
  peer.send("b");
  const message = { session: "s-1", stream: "lobby" };
  equal((await iterator.next()).value, { data: "a", ...message, number: 3 }, "a message");
  equal((await iterator.next()).value, { data: "b", ...message, number: null }, "a volatile one");
});

export const an_iteration_ends_with_the_client = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const read = [];
  const reading = (async () => {
    for await (const data of client) {
      read.push(data);
      if (data === "b") client.close();
    }
  })();
  await settled();
  for (const text of ["a", "b"]) socket.message(text);
  await reading;
  equal(read, ["a", "b"], "read");
});

export const an_iteration_throws_when_the_client_fails = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const iterator = client[Symbol.asyncIterator]();
  await settled();
  socket.message("before");
  socket.drop(1008);
  equal((await iterator.next()).value, "before", "what came before is still read");
  await rejectsCode(iterator.next(), "REFUSED");
  equal((await iterator.next()).done, true, "and then it is over");
});

export const leaving_an_iteration_stops_listening = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const leaving = (async () => {
    for await (const data of client) if (data === "a") break;
  })();
  await settled();
  socket.message("a");
  socket.message("b");
  await leaving;
  socket.message("c");
  equal((await event(client, "message")).data, "c", "what comes when nobody listens waits");
});

export const an_iterator_that_is_not_read_is_bounded = test(async (lab) => {
  const { client, socket } = await lab.opened({ queue: { maxMessages: 2 } });
  const iterator = client[Symbol.asyncIterator]();
  await settled();
  for (const text of ["a", "b", "c", "d"]) socket.message(text);
  const read = [];
  for (;;) {
    const step = await iterator.next().catch((error) => error);
    if (step instanceof Error) {
      hasCode(step, "QUEUE_FULL");
      break;
    }
    read.push(step.value);
  }
  equal(read.slice(0, 2), ["a", "b"], "read");
  equal(client.state, "open", "the state");
});
