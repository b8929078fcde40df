// Stands before the package when it loads its module, and so gets hold of what the module exports.

/** The module's exports, as the package uses them: they can be replaced. */
export const exported = {};
/** Engines that were made, and freed. */
export const engines = { made: 0, freed: 0 };

const { Instance } = WebAssembly;

WebAssembly.Instance = class {
  constructor(...args) {
    const real = new Instance(...args).exports;
    Object.assign(exported, real, {
      client_new(...numbers) {
        engines.made++;
        return real.client_new(...numbers);
      },
      client_free(...numbers) {
        engines.freed++;
        return real.client_free(...numbers);
      },
    });
    this.exports = exported;
  }
};

export function stopCapturing() {
  WebAssembly.Instance = Instance;
}
