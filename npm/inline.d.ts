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

/** Resolved from the start: `new Steadfast` works as soon as this entry is imported. */
export function ready(): Promise<void>;
