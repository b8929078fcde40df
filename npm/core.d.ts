/// <reference lib="esnext.disposable" />
// The entry for pages that count every byte: that of `steadfast` without `queue.persist` and `snapshot`, in its own module.

import type {
  Codec,
  ConnectExtras,
  ConnectExtrasOf,
  Data,
  Options as EveryOption,
  Steadfast as Full,
  IsOn,
  ModuleSource,
  Received,
  SessionOption,
  UrlSource,
  WithSession,
} from "./index.js";

export {
  type CloseInfo,
  type Codec,
  type CodecName,
  type ConnectExtras,
  type ConnectExtrasOf,
  type Data,
  type Decision,
  type Events,
  type Health,
  type IsOn,
  type LogRecord,
  type ModuleSource,
  type Place,
  type Platform,
  type Received,
  type SendOptions,
  type SessionOption,
  type Socket,
  type State,
  SteadfastError,
  type UrlSource,
  type WithSession,
} from "./index.js";

/** What a client can be told when it is made. An unknown name or a value that is not allowed is INVALID_OPTION. */
export interface Options<In = Received, Out = Data> extends Omit<EveryOption<In, Out>, "queue" | "snapshot"> {
  /** As in `steadfast`. */
  queue?: boolean | Omit<Exclude<EveryOption["queue"], boolean | undefined>, "persist">;
}

/** As in `steadfast`. */
export interface Steadfast<In = Received, Out = Data, InSession extends boolean = boolean>
  extends Omit<Full<In, Out, InSession>, "snapshot"> {}
export const Steadfast: {
  new <S extends SessionOption = SessionOption>(
    url: UrlSource,
    options?: Options & { codec?: "raw"; session?: S },
  ): Steadfast<Received, Data, IsOn<S>>;
  new <In, Out, S extends SessionOption = SessionOption>(
    url: UrlSource,
    options: Options<In, Out> & { codec: "json"; session?: S },
  ): Steadfast<In, Out, IsOn<S>>;
  new <In, Out, S extends SessionOption = SessionOption>(
    url: UrlSource,
    options: Options<In, Out> & { codec: Codec<In, Out>; session?: S },
  ): Steadfast<In, Out, IsOn<S>>;
  new <In, Out, S extends SessionOption = SessionOption>(
    url: UrlSource,
    options: Options<In, Out> & { session?: S },
  ): Steadfast<In, Out, IsOn<S>>;
  // biome-ignore lint/suspicious/noExplicitAny: as that of any generic class.
  readonly prototype: Steadfast<any, any>;
};

/** As in `steadfast`. */
export function connect(
  url: UrlSource,
  options: Options & { codec?: "raw" } & WithSession & ConnectExtras<Received, Data, true>,
): Promise<Steadfast<Received, Data, true>>;
export function connect(
  url: UrlSource,
  options?: Options & { codec?: "raw" } & ConnectExtras<Received, Data>,
): Promise<Steadfast>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: "json" } & WithSession & ConnectExtras<In, Out, true>,
): Promise<Steadfast<In, Out, true>>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: "json" } & ConnectExtras<In, Out>,
): Promise<Steadfast<In, Out>>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: Codec<In, Out> } & WithSession & ConnectExtras<In, Out, true>,
): Promise<Steadfast<In, Out, true>>;
export function connect<In, Out>(
  url: UrlSource,
  options: Options<In, Out> & { codec: Codec<In, Out> } & ConnectExtras<In, Out>,
): Promise<Steadfast<In, Out>>;
export function connect<In, Out, Auto extends boolean = boolean>(
  url: UrlSource,
  options: Options<In, Out> & ConnectExtrasOf<In, Out, Auto>,
): Promise<Steadfast<In, Out>>;

/** As in `steadfast`, for the module of this entry. */
export function ready(module?: ModuleSource): Promise<void>;
