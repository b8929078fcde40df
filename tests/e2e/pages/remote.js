// Does what another process asks for, where no driver can: see tests/chaos/remote.mjs.

/** Calls the methods of `target` that `origin` names, one after the other. */
export async function follow(origin, target) {
  for (let told = {}; ; ) {
    const answer = await fetch(origin, { method: "POST", body: JSON.stringify(told) });
    const { name, args } = await answer.json();
    try {
      told = { value: await target[name](...args) };
    } catch (error) {
      told = { error: String(error) };
    }
  }
}
