/// <reference lib="esnext.disposable" />
// The entry that carries the WebAssembly module inside: the API of `steadfast`, with nothing to load.

export {
  type CloseInfo,
  type Codec,
  type CodecName,
  type ConnectExtras,
  type ConnectExtrasOf,
  connect,
  type Data,
  type Decision,
  type Events,
  type Health,
  type IsOn,
  type LogRecord,
  type ModuleSource,
  type Options,
  type Place,
  type Platform,
  type Received,
  type SendOptions,
  type SessionOption,
  type Socket,
  type State,
  Steadfast,
  SteadfastError,
  type UrlSource,
  type WithSession,
} from "./index.js";

/**
 * Needs nothing to wait for: `new Steadfast` works as soon as this entry is imported. Compiles the module, if no client has
 * done so yet. Rejects with UNSUPPORTED, which the constructor throws as well, where WebAssembly is missing or forbidden.
 */
export function ready(): Promise<void>;
