// The demo: one connection at a time, and panels that show what happens to it.
import "./theme.css";
import "./page.css";
import "./panels.css";
import "./narrow.css";
import { ready, Steadfast } from "steadfast";
import { watchBanner } from "./banner.js";
import { watchChaos } from "./chaos.js";
import { watchCharts } from "./chart.js";
import { chosenDestination, watchChat } from "./chat.js";
import { watchCounters } from "./counters.js";
import { byId } from "./dom.js";
import { note, record, watchLog } from "./log.js";
import { watchNotes } from "./notes.js";
import { watchStatus } from "./status.js";

/** What this page asks for beyond the defaults: a quick heartbeat and short waits, because somebody is looking. */
const options = {
  codec: "json",
  requestIdParam: "requestId",
  heartbeat: { interval: 2_000, timeout: 2_000, misses: 2, adaptive: false },
  reconnect: { max: 10_000 },
  log: record,
};

const panels = [watchLog, watchStatus, watchBanner, watchCharts, watchCounters, watchChat, watchChaos];
const reliable = byId("reliable");
let client = null;

try {
  await ready();
  open();
  watchNotes();
  addEventListener("hashchange", open);
} catch (error) {
  note("failed", `The WebAssembly module did not load: ${error.message}`);
  byId("state-name").textContent = "Not loaded";
}

/** Opens a connection to the chosen place of the server, instead of the one before it. */
function open() {
  const destination = { ...chosenDestination(), reliable: reliable.checked };
  client?.close(1000, "another place");
  client = new Steadfast(destination.path, { ...options, session: destination.reliable });
  for (const watch of panels) watch(client, destination);
}

reliable.addEventListener("change", open);
byId("try-now").addEventListener("click", () => client?.reconnect("asked for by hand"));
byId("reconnect").addEventListener("click", () => client?.reconnect("asked for by hand"));
byId("close").addEventListener("click", () => {
  if (client?.state === "closed") open();
  else client?.close();
});
byId("ping").addEventListener("click", async () => {
  try {
    note("ping", `answered after ${Math.round(await client.ping())} ms`);
  } catch (error) {
    note("ping", `not answered: ${error.message}`);
  }
});
