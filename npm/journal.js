// Messages on their way into the database, in localStorage, which is written with one message to another process: WebKit
// asks the process of the database twice before it writes, and a page that is killed in between loses what it asked for.

const JOURNAL = "steadfast:sent:";
/** A longer message is not worth the room of the application. */
const LONGEST = 65_536;

/** Notes what was sent in one task. Its name; none where there is no room, or no localStorage. */
export function note(rows) {
  const [first] = rows;
  const texts = rows.map(textOf).filter(Boolean);
  const name = `${JOURNAL}${first?.memory}:${first?.seq}`;
  try {
    if (texts.length) localStorage.setItem(name, JSON.stringify(texts));
    return texts.length ? name : undefined;
  } catch {}
}

/** What is noted of a memory, and the names of the notes. */
export function findNotes(memory) {
  try {
    const names = Object.keys(localStorage).filter((name) => isOf(memory, name));
    const rows = names.flatMap((name) => rowsOf(localStorage[name]));
    return [rows.map((row) => ({ ...row, memory, number: 0 })), names];
  } catch {
    return [[], []];
  }
}

/** Whether a note is of this memory. */
export const isOf = (memory, name) => name.startsWith(`${JOURNAL}${memory}:`);

export function removeNotes(names) {
  try {
    for (const name of names) localStorage.removeItem(name);
  } catch {}
}

/** A row as text; undefined for what cannot be one. */
function textOf(row) {
  const { data } = row;
  if (typeof data === "string") return data.length > LONGEST ? undefined : JSON.stringify(row);
  if (!(data.byteLength <= LONGEST)) return;
  const isView = ArrayBuffer.isView(data);
  const bytes = isView ? new Uint8Array(data.buffer) : new Uint8Array(data);
  return JSON.stringify({
    ...row,
    data: Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""),
    isView,
    isBinary: true,
  });
}

function rowsOf(text) {
  try {
    return JSON.parse(text).map((one) => {
      const { isView, isBinary, ...row } = JSON.parse(one);
      if (!isBinary) return row;
      const bytes = Uint8Array.from(row.data, (character) => character.charCodeAt(0));
      return { ...row, data: isView ? bytes : bytes.buffer };
    });
  } catch {
    return [{}];
  }
}
