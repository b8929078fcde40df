// What is left on the platform: listeners of the page and timers.

/** Notes from now on, until `stop`, what is added to window, document and timers, and what is taken away again. */
export function watchPlatform() {
  const watched = [globalThis, globalThis.document].filter(Boolean);
  const listeners = [];
  const timers = new Set();
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const { setTimeout, clearTimeout } = globalThis;

  EventTarget.prototype.addEventListener = function add(...args) {
    if (watched.includes(this ?? globalThis)) {
      const entry = [this ?? globalThis, args[0], args[1]];
      listeners.push(entry);
      args[2]?.signal?.addEventListener("abort", () => {
        if (listeners.includes(entry)) listeners.splice(listeners.indexOf(entry), 1);
      });
    }
    return addEventListener.apply(this ?? globalThis, args);
  };
  EventTarget.prototype.removeEventListener = function remove(...args) {
    const at = listeners.findIndex(([target, type, listener]) => {
      return target === (this ?? globalThis) && type === args[0] && listener === args[1];
    });
    if (at >= 0) listeners.splice(at, 1);
    return removeEventListener.apply(this ?? globalThis, args);
  };
  globalThis.setTimeout = (work, ...rest) => {
    const id = setTimeout(
      () => {
        timers.delete(id);
        work();
      },
      ...rest,
    );
    timers.add(id);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    timers.delete(id);
    clearTimeout(id);
  };

  return {
    /** The events that somebody still listens to. */
    get listeners() {
      return listeners.map(([, type]) => type).sort();
    },
    /** How many timers run. */
    get timers() {
      return timers.size;
    },
    stop() {
      Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
      Object.assign(globalThis, { setTimeout, clearTimeout });
    },
  };
}
