// The page of tests that need the client itself: `lab` opens one and keeps everything that happens to it.

import { Trace } from "/pages/trace.js";
import * as steadfast from "/pkg/index.js";

await steadfast.ready();
window.lab = {
  ...steadfast,
  client: null,
  trace: null,

  /** Makes a client and its trace; the one before it is closed. */
  open(url, options) {
    this.client?.close();
    this.client = new steadfast.Steadfast(url, options);
    this.trace = new Trace(this.client);
    return this.client;
  },
};
document.documentElement.dataset.ready = "";
