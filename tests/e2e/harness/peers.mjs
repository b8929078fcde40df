// Servers of others, which know nothing of this client's PING and PONG.
import { execute, GraphQLObjectType, GraphQLSchema, GraphQLString, subscribe } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

/** An echo and nothing more: a PING comes back as PING. */
export function bareEcho() {
  return listen({}, (sockets) => {
    sockets.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  });
}

/** Takes every link and never says a word. */
export function silentServer() {
  return listen({}, () => {});
}

/** The server of npm's graphql-ws, with a subscription `greetings` that yields two words. */
export function graphqlServer() {
  const field = (type, more) =>
    new GraphQLObjectType({ name: type, fields: { greetings: { type: GraphQLString, ...more } } });
  const schema = new GraphQLSchema({
    query: field("Query"),
    subscription: field("Subscription", {
      async *subscribe() {
        yield { greetings: "hello" };
        yield { greetings: "again" };
      },
    }),
  });
  return listen(
    { handleProtocols: (offered) => offered.has("graphql-transport-ws") && "graphql-transport-ws" },
    (sockets) => useServer({ schema, execute, subscribe, connectionInitWaitTimeout: 5_000 }, sockets),
  );
}

async function listen(options, serve) {
  const sockets = new WebSocketServer({ ...options, host: "127.0.0.1", port: 0 });
  await new Promise((resolve, reject) => sockets.once("listening", resolve).once("error", reject));
  let links = 0;
  sockets.on("connection", () => {
    links += 1;
  });
  serve(sockets);
  return {
    url: `ws://127.0.0.1:${sockets.address().port}`,
    /** Links taken so far. */
    get links() {
      return links;
    },
    close() {
      for (const socket of sockets.clients) socket.terminate();
      return new Promise((resolve) => sockets.close(resolve));
    },
  };
}
