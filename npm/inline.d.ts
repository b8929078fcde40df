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

/**
 * Needs nothing to wait for: `new Steadfast` works as soon as this entry is imported. Compiles the module, if no client has
 * done so yet. Rejects with UNSUPPORTED, which the constructor throws as well, where WebAssembly is missing or forbidden.
 */
export function ready(): Promise<void>;
