/// <reference lib="esnext.disposable" />
// The entry for pages that count every byte: that of `steadfast` without `queue.persist` and `snapshot`, in its own module.

import type {
  Codec,
  ConnectExtras,
  Data,
  Options as EveryOption,
  Steadfast as Full,
  Received,
  UrlSource,
} from "./index.js";

export {
  type CloseInfo,
  type Codec,
  type ConnectExtras,
  type Data,
  type Decision,
  type Events,
  type Health,
  type LogRecord,
  type Received,
  type SendOptions,
  type State,
  SteadfastError,
  type UrlSource,
} from "./index.js";

/** What a client can be told when it is made. An unknown name or a value that is not allowed is INVALID_OPTION. */
export interface Options<In = Received, Out = Data> extends Omit<EveryOption<In, Out>, "queue" | "snapshot"> {
  /** As in `steadfast`. */
  queue?: false | Omit<Exclude<EveryOption["queue"], false | undefined>, "persist">;
}

/** As in `steadfast`. */
export interface Steadfast<In = Received, Out = Data> extends Omit<Full<In, Out>, "snapshot"> {}
export const Steadfast: {
  new (url: UrlSource, options?: Options & { codec?: "raw" }): Steadfast;
  new <In = Received, Out = Data>(url: UrlSource, options: Options<In, Out> & { codec: "json" }): Steadfast<In, Out>;
  new <In, Out>(url: UrlSource, options: Options<In, Out> & { codec: Codec<In, Out> }): Steadfast<In, Out>;
};

/** As in `steadfast`. */
export function connect(
  url: UrlSource,
  options?: Options & { codec?: "raw" } & ConnectExtras<Received, Data>,
): Promise<Steadfast>;
export function connect<In = unknown, Out = unknown>(
  url: UrlSource,
  options: Options<In, Out> & { codec: "json" } & ConnectExtras<In, Out>,
): Promise<Steadfast<In, Out>>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: Codec<In, Out> } & ConnectExtras<In, Out>,
): Promise<Steadfast<In, Out>>;

/** As in `steadfast`, for the module of this entry. */
export function ready(module?: URL | string | Response | BufferSource | WebAssembly.Module): Promise<void>;
