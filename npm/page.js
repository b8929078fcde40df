// What the page, the network and the clocks hint at: one watch for all clients of a page or worker.

import * as Input from "./input.js";

/** How often the clocks are looked at, and how much later than that means that the machine slept. */
const LOOK_MS = 1_000;
const SLEPT_MS = 3_000;

const scope = globalThis;
const page = scope.document;
/** What tells each client. */
const tells = new Set();
const tellAll = (input) => {
  for (const tell of [...tells]) tell(input);
};
let clocks;
let timer;

const WATCHED = [
  [scope, "offline", () => tellAll(Input.offline)],
  [scope, "online", () => tellAll(Input.online)],
  [scope, "focus", () => tellAll(Input.wake)],
  [scope, "pagehide", () => tellAll(Input.hide)],
  [scope, "pagehide", () => tellAll(Input.suspend)],
  // The event of a page that was just loaded is no return.
  [scope, "pageshow", (event) => event.persisted && tellAll(Input.wake)],
  [page, "visibilitychange", () => watchClocks(tellAll(isHidden() ? Input.hide : Input.wake))],
  [page, "freeze", () => tellAll(Input.hide)],
  [page, "resume", () => tellAll(Input.wake)],
];

/** What the browser says of the network now. */
export const isOnline = () => scope.navigator?.onLine !== false;

/** Calls `tell` with the input for each thing that happens, until the returned function is called. */
export function watchPage(tell) {
  tells.add(tell);
  if (tells.size === 1) watch("add");
  return () => {
    tells.delete(tell);
    if (!tells.size) watch("remove");
  };
}

function watch(how) {
  for (const [target, type, listener] of WATCHED) target?.[`${how}EventListener`]?.(type, listener);
  watchClocks();
}

const isHidden = () => page?.visibilityState === "hidden";

/** From now on, while anybody is to be told: hidden pages have no timers that are in time. */
function watchClocks() {
  clearTimeout(timer);
  clocks = [performance.now(), Date.now()];
  if (tells.size && !isHidden()) timer = setTimeout(look, LOOK_MS);
}

/** No event tells that a machine slept while its screen showed the page. */
function look() {
  const before = clocks;
  watchClocks();
  if (clocks.some((now, at) => now - before[at] > SLEPT_MS)) tellAll(Input.wake);
}
