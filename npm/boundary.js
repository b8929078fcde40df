// The lists behind the numbers that come back from the WebAssembly module. The other side of each
// stands in src/inputs.rs and src/outputs.rs.

/**
 * What to do, by the number that `Client.poll` returns: the function of news.js or the method of
 * the host of that name. Its parameters are the numbers that belong to it.
 */
export const OUTPUTS = (
  "wait dial greet transmit transmitPing hangUp decide deliver " +
  "statechange open disconnect reconnecting reconnected failed closed error " +
  "heartbeat warning health queue dropped settled gap discard " +
  "unit acknowledge pong ask end lost lane adopt abandon"
).split(" ");

/** As `OUTPUTS`, behind those: what only clients with state are to do. */
export const STATE_OUTPUTS =
  "put mark erase ended release recall lock unlock read forget done retry capture save storage".split(" ");

/** Why `Client.handle` refused, by the number that it returns: code and message of the error. */
export const REFUSALS = [
  [],
  ["CLOSED", "closed"],
  ["NOT_OPEN", "not open"],
  ["QUEUE_FULL", "queue full"],
  ["MESSAGE_TOO_LARGE", "longer than maxMessage"],
];

/** A number that may not be known. */
export const known = (number) => (number < 0 ? null : number);

export const STATES = "idle connecting open reconnecting offline closing closed failed".split(" ");

/** What a server says to the claim of a memory, where it is not what it has of each lane. */
export const REFUSED_CLAIM = [-1, 0, 0];
export const FORGOTTEN_CLAIM = [-2, 0, 0];

/** What became of the session, in a welcome. */
export const FATES = ["resumed", "new", "lost", "user"];

/** Why messages are missing: of `from`, where the first means that none are, and of `gap`. */
export const GAP_REASONS = " expired overflow epoch acknowledged joined other session-lost".split(" ");

/** What a capture came to: the number that goes with `captured`. */
export const UNCHANGED = 0;
export const CHANGED = 1;
export const FAILED = 2;
export const NOTHING = 3;

/** Why a state was not saved: the number that goes with `unsaved`. */
export const LOST = 0;
export const REFUSED = 1;
export const STALE = 2;

/** What a capture is for, when it is not due: the number that comes with `capture`. */
export const ASKED = 1;
export const HIDING = 2;

/** What is to be saved, when it is not the state: the number that comes with `save`. */
export const POSITIONS = 1;

/** How to get a lock, when it is not with patience: the number that comes with `lock`. */
export const TRY = 0;
export const WANT = 2;

/** In the place of a memory: the lock of the one page that delivers what pages have left that are gone. */
export const ORPHANS = 0;
/** The first number of a memory that was found. */
export const MEMORY_FOUND = 2 ** 31;

/** What a socket has still to send when it takes nothing any more. */
export const TAKES_NOTHING = 0xffff_ffff;
