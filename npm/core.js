// The entry without the durable queue and without snapshots, for pages that count every byte.

import { connectWhen } from "./connect.js";
import { Host } from "./host.js";
import { load, loadPatiently } from "./load.js";
import { CLIENT } from "./options.js";
import { SessionHost } from "./session.js";
import { Base } from "./steadfast.js";

export { SteadfastError } from "./error.js";

const KIT = {
  rows: CLIENT,
  host: (url, { options, numbers }) => new (options.session ? SessionHost : Host)(url, options, numbers),
  // In the forms that index.js explains.
  file: () => new URL("./wasm/steadfast_core_bg.wasm", import.meta.url),
  text: () => import("./wasm/steadfast_core_text.js"),
};

export class Steadfast extends Base {
  constructor(url, options) {
    super(KIT, url, options);
  }
}

export function ready(module) {
  return load(KIT, module);
}

export function connect(url, options) {
  return connectWhen(Steadfast, KIT, loadPatiently, url, options);
}
