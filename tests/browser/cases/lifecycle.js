// What the page and the network say: put away and back, visible, offline and online.

import { equal, ok } from "../harness/assert.js";
import { event, namesOf, record, settled, test } from "../harness/test.js";

const tell = (type, init) => globalThis.dispatchEvent(init ? new PageTransitionEvent(type, init) : new Event(type));
const putAway = () => tell("pagehide", { persisted: true });
const comeBack = () => tell("pageshow", { persisted: true });
const beVisible = () => document.dispatchEvent(new Event("visibilitychange"));

export const a_page_that_is_put_away_closes_its_link_in_the_same_task = test(async (lab) => {
  const { client, socket } = await lab.opened();
  const events = record(client);
  putAway();
  equal(socket.closedWith, { code: 4000, reason: "suspended" }, "closed with");
  equal(client.state, "reconnecting", "the state");
  equal(namesOf(events), ["disconnect", "statechange reconnecting", "reconnecting"], "events");
  equal(events[2][1].delay, 60_000, "how long it leaves the page alone");
  equal([events[0][1].code, events[0][1].willRetry], [4000, true], "code and willRetry");
  await settled();
  equal(lab.network.sockets.length, 1, "sockets: none is made while the page is away");
});

export const a_page_that_comes_back_connects_again = test(async (lab) => {
  const { client } = await lab.opened();
  putAway();
  client.send("meanwhile");
  comeBack();
  const socket = await lab.network.open();
  equal([client.state, socket.sent], ["open", ["meanwhile"]], "state, and what was sent");
});

export const a_page_that_was_just_loaded_is_not_back = test(async (lab) => {
  const { client, socket } = await lab.opened();
  tell("pageshow", { persisted: false });
  equal([client.state, socket.sent], ["open", []], "state, and what was sent");
});

export const an_attempt_of_a_page_that_is_put_away_is_abandoned = test(async (lab) => {
  const client = lab.client();
  const first = await lab.network.next();
  putAway();
  equal(first.readyState, 2, "the attempt is closing");
  comeBack();
  await lab.network.open();
  equal(client.state, "open", "the state");
});

export const becoming_visible_probes_the_link = test(async (lab) => {
  const { client, socket } = await lab.opened({ heartbeat: { interval: 60_000 } });
  beVisible();
  equal(socket.sent, ["PING"], "sent");
  beVisible();
  equal(socket.sent, ["PING"], "sent: one probe at a time");
  const beat = event(client, "heartbeat");
  socket.message("PONG");
  ok((await beat).rtt >= 0, "the answer is a round trip");
  document.dispatchEvent(new Event("resume"));
  equal(socket.sent, ["PING", "PING"], "sent");
});

export const a_probe_that_nothing_answers_ends_the_link = test(async (lab) => {
  const { client, socket } = await lab.opened({ heartbeat: { interval: 60_000, probe: 20 } });
  const answered = client.ping();
  socket.message("PONG");
  await answered;
  const lost = event(client, "disconnect");
  beVisible();
  equal((await lost).code, 1006, "the code");
  equal(socket.closedWith.code, 4001, "closed with");
  await lab.network.open();
});

export const being_hidden_changes_nothing = test(async (lab) => {
  const { socket } = await lab.opened({ heartbeat: { interval: 60_000 } });
  lab.replace(document, "visibilityState", "hidden");
  beVisible();
  equal(socket.sent, [], "sent");
});

export const a_wait_ends_when_the_page_becomes_visible = test(async (lab) => {
  const { client, socket } = await lab.opened({ reconnect: { first: 20, decide: () => ({ after: 60_000 }) } });
  socket.drop();
  equal(client.state, "reconnecting", "the state");
  beVisible();
  await lab.network.open();
  equal(client.state, "open", "the state");
});
