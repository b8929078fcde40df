// Clients in what wraps objects: Vue's reactive state, and any other Proxy.

import { computed, createApp, h, isReactive, reactive, ref, shallowRef } from "vue";
import { equal, ok, throwsCode } from "../harness/assert.js";
import { inSession } from "../harness/peer.js";
import { application, saveOf, saving, storeAs } from "../harness/state.js";
import { event, settled, test } from "../harness/test.js";

/** A Proxy of a Proxy of everything, as some libraries make of what is put into their state. */
function wrapped(target) {
  return new Proxy(target, {
    get(object, name, receiver) {
      const value = Reflect.get(object, name, receiver);
      return typeof value === "object" && value !== null && !Object.isFrozen(value) ? wrapped(value) : value;
    },
  });
}

/** Calls all that a client can do, through what `wrap` makes of it. */
async function uses(lab, wrap) {
  const app = application({ n: 1 });
  const { client: bare, peer } = await inSession(lab, { session: true, ...saving(app) });
  const client = wrap(bare);
  ok(client instanceof bare.constructor, "it is one still");
  equal([client.state, client.session, client.queued.messages], ["open", { id: "s-1", resumed: false }, 0], "it reads");
  equal(
    [client.protocol, client.bufferedAmount, client.health.grade, typeof client.url],
    ["", 0, "healthy", "string"],
    "",
  );
  const heard = [];
  const remove = client.on("message", ({ data }) => heard.push(data));
  client.once("message", ({ data }) => heard.push(`once ${data}`));
  const read = (async () => {
    for await (const data of client) return data;
  })();
  const whole = (async () => {
    for await (const message of client.messages()) return message.number;
  })();
  peer.say("from", { stream: "", epoch: 5, next: 1 });
  peer.send("a");
  equal([await read, await whole, heard], ["a", 1, ["a", "once a"]], "what came in");
  remove();
  client.off("message");
  const delivered = client.deliver("b");
  client.send("c");
  equal(await peer.received(2), ["b", "c"], "what went out");
  const saved = client.snapshot();
  storeAs(peer, await saveOf(peer), 3);
  const authenticated = client.authenticate("token");
  await peer.control("auth");
  peer.say("authenticated");
  peer.stored(2);
  await Promise.all([delivered, authenticated, client.flush()]);
  equal([await saved, client.drain()], [{ version: 3 }, []], "what is saved, and taken back");
  client.connect();
  throwsCode(() => client.close(5), "INVALID_OPTION");
  const closed = client.once("close");
  client.release();
  equal([(await closed).code, bare.state], [4000, "closed"], "the end");
}

export const a_client_in_reactive_state_is_left_alone = test(async (lab) => {
  for (const wrap of [
    (client) => ref(client).value,
    (client) => reactive({ client }).client,
    (client) => reactive({ deep: { clients: [client] } }).deep.clients[0],
    (client) => reactive(new Map([["client", client]])).get("client"),
    (client) => shallowRef(client).value,
    (client) => computed(() => client).value,
  ]) {
    await uses(lab, (client) => {
      equal([wrap(client) === client, isReactive(wrap(client))], [true, false], "the same client");
      return wrap(client);
    });
  }
});

export const a_client_works_behind_any_proxy = test(async (lab) => {
  await uses(lab, (client) => new Proxy(client, {}));
  await uses(lab, wrapped);
  await uses(lab, (client) => wrapped({ client }).client);
});

export const a_component_shows_the_state_and_lets_go = test(async (lab) => {
  let client;
  const component = {
    setup() {
      const socket = ref(lab.client());
      const state = ref(socket.value.state);
      socket.value.on("statechange", ({ to }) => {
        state.value = to;
      });
      client = socket.value;
      return () => h("p", state.value);
    },
    unmounted: () => client.release(),
  };
  const element = document.createElement("div");
  const app = createApp(component);
  app.mount(element);
  const opened = event(client, "open");
  await lab.network.open();
  await opened;
  await settled();
  equal(element.textContent, "open", "what is shown");
  app.unmount();
  equal(client.state, "closed", "the state");
});
