// `npm start`: installs what is missing, builds, and runs the dev server with the demo until it is stopped.
// It uses nothing but Node itself, so that it works before anything was installed.

import { spawn } from "node:child_process";
import net from "node:net";
import { demoDir } from "./lib/demo-build.mjs";
import { childEnv, root, serverBinary } from "./lib/paths.mjs";
import { main, Stop, seconds } from "./lib/report.mjs";
import { setUp } from "./lib/setup.mjs";

const HOST = "127.0.0.1";

await main(async () => {
  const started = performance.now();
  const port = wantedPort();
  await checkFree(port);
  await setUp(["demo", "server"]);
  console.log(`\nReady after ${seconds(performance.now() - started)}. Ctrl-C stops the server.`);
  return serve(port);
});

function wantedPort() {
  const text = process.env.PORT || "8080";
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Stop(`PORT is "${text}", which is no port number; run \`PORT=8081 npm start\`.`);
}

/** Says before the build, not after it, that the port is taken. */
function checkFree(port) {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", (error) => {
      const why = error.code === "EADDRINUSE" ? "is taken" : `cannot be used (${error.code})`;
      reject(new Stop(`port ${port} ${why}; choose another: \`PORT=${port < 65_535 ? port + 1 : 8080} npm start\`.`));
    });
    probe.listen(port, HOST, () => probe.close(resolve));
  });
}

/** `--chaos` gives the demo its fault buttons; the server allows it on the loopback address only. */
function serve(port) {
  const args = ["--host", HOST, "--port", String(port), "--static", demoDir, "--chaos"];
  const server = spawn(serverBinary(), args, { cwd: root, env: childEnv(), stdio: ["ignore", "inherit", "inherit"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal);
    process.on(signal, () => server.kill(signal === "SIGHUP" ? "SIGTERM" : signal));
  }
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new Stop(`the server did not start (${error.message}); run \`cargo build --release -p steadfast-server\`.`),
      ),
    );
    server.once("exit", (code, signal) => resolve(code ?? (signal === null ? 0 : 1)));
  });
}
