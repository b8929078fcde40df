// What stands in localStorage, which is written at once. Where there is none, or no room, nothing is noted.

/** Whether it is noted. */
export function write(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function remove(names) {
  try {
    for (const name of names) localStorage.removeItem(name);
  } catch {}
}

/** The names that begin with `first`. */
export function namesOf(first) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(first));
  } catch {
    return [];
  }
}

/** What is noted under one of the names; an empty object for what cannot be read. */
export function read(name) {
  try {
    return JSON.parse(localStorage[name]);
  } catch {
    return {};
  }
}
