// The page's lifecycle and the network: what happens outside and matters to a link.

import * as Input from "./input.js";

/** Calls `tell` with the input for each thing that happens, until the returned function is called. */
export function watchPage(tell) {
  const scope = globalThis;
  const page = scope.document;
  const watched = [
    [scope, "offline", () => tell(Input.offline)],
    [scope, "online", () => tell(Input.online)],
    [scope, "pagehide", () => tell(Input.hide)],
    [scope, "pagehide", () => tell(Input.suspend)],
    // The event of a page that was just loaded is no return.
    [scope, "pageshow", (event) => event.persisted && tell(Input.resume)],
    [page, "visibilitychange", () => tell(page.visibilityState === "visible" ? Input.wake : Input.hide)],
    [page, "freeze", () => tell(Input.hide)],
    [page, "resume", () => tell(Input.wake)],
  ];
  for (const [target, type, listener] of watched) target?.addEventListener?.(type, listener);
  if (scope.navigator?.onLine === false) tell(Input.offline);
  return () => {
    for (const [target, type, listener] of watched) target?.removeEventListener?.(type, listener);
  };
}
