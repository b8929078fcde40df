// The application's state when its client is let go of: captured as when a page hides, and kept for the next client.

import { equal } from "../harness/assert.js";
import { FakeEndpoint } from "../harness/endpoint.js";
import { freshUrl, RESUMED } from "../harness/peer.js";
import { application, nextPage, savesOf, saving, stored, told } from "../harness/state.js";
import { copiesOf, copiesWhen } from "../harness/stored.js";
import { event, test } from "../harness/test.js";

export const the_state_is_captured_and_saved_in_the_same_task = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  const { client, peer } = await stored(lab, url, app);
  app.state = { n: 2 };
  client.release();
  equal(
    [savesOf(peer)[1]?.text, peer.socket.closedWith.code, peer.controls.at(-1).name],
    ['{"n":2}', 4000, "save"],
    "what left before the link was closed",
  );
  equal(
    (await copiesOf(url)).map(({ text, base }) => [text, base]),
    [['{"n":2}', 3]],
    "the copy",
  );
});

export const the_next_client_restores_it = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  const { client, peer } = await stored(lab, url, app);
  peer.socket.drop();
  app.state = { n: 2 };
  client.release();
  const page = application(null);
  const next = await nextPage(lab, url, page);
  await next.peer.welcome({ ...RESUMED, ...told({ n: 1 }, { version: 3, follows: false }) });
  equal([page.restored[0]?.[0], next.hello.session], [{ n: 2 }, "s-1"], "restored, and the session");
});

export const a_listener_that_lets_go_has_it_captured_too = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  const { client, peer } = await stored(lab, url, app, { key: "draft" });
  app.state = { n: 2 };
  client.on("disconnect", () => client.release());
  peer.socket.drop();
  equal(client.state, "closed", "the state of the client");
  const [copy] = await copiesWhen(url, ({ length }) => length === 1);
  equal(copy.text, '{"n":2}', "the copy");
});

export const a_capture_may_close_the_client = test(async (lab) => {
  const url = freshUrl();
  const app = application({ n: 1 });
  const { client, peer } = await stored(lab, url, app);
  app.state = {
    toJSON() {
      client.close(4001, "changed its mind");
      return { n: 2 };
    },
  };
  client.release();
  equal([client.state, peer.socket.closedWith.code, peer.controls.at(-1).name], ["closed", 4001, "end"], "the end");
});

export const a_client_without_a_session_keeps_its_state_as_well = test(async (lab) => {
  const endpoint = new FakeEndpoint(lab);
  const app = application({ n: 1 });
  const options = saving(app, { endpoint: freshUrl().replace("ws:", "http:") });
  const { client } = await lab.opened(options);
  app.state = { n: 2 };
  const closed = event(client, "close");
  client.release();
  equal((await closed).code, 4000, "the close event");
  const { body } = await endpoint.save();
  equal([body.data, body.base], [{ n: 2 }, 0], "saved");
  const next = lab.client(options);
  await lab.network.open();
  const [first, second] = endpoint.requests.filter(({ what }) => what === "restore");
  equal([second.body, next.state], [first.body, "open"], "who asks for it, and the next client");
});
