/// <reference lib="esnext.disposable" />
// The entry that carries the WebAssembly module inside: the API of `steadfast`, with nothing to load.

export {
  type CloseInfo,
  type Codec,
  type ConnectExtras,
  connect,
  type Data,
  type Decision,
  type Events,
  type Health,
  type LogRecord,
  type Options,
  type Received,
  type SendOptions,
  type State,
  Steadfast,
  SteadfastError,
  type UrlSource,
} from "./index.js";

/** Resolved from the start: `new Steadfast` works as soon as this entry is imported. */
export function ready(): Promise<void>;
