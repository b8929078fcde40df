// Messages on their way into the database, in localStorage, which is written at once, with one message to another
// process: the database may not be open yet, and WebKit asks its process twice before it writes. A page that is gone
// in between would lose what it asked for.

import { namesOf, read, write } from "./notes.js";

const JOURNAL = "steadfast:sent:";
/** A longer message is not worth the room of the application. */
const LONGEST = 65_536;

/**
 * Notes what was sent in one task, with the `record` of its memory where that is on its way, too. The names of the notes:
 * none where there is no room, or no localStorage.
 */
export function note(sent, record) {
  const rows = sent.map(plain).filter(Boolean);
  const name = `${nameOf(sent[0]?.memory)}${sent[0]?.seq}`;
  return rows.length && write(name, { record, rows }) ? [name] : [];
}

/** What is noted of a memory, and the names of the notes. */
export function findNotes(memory) {
  const names = namesOf(nameOf(memory));
  const rows = names.flatMap((name) => rowsOf(read(name)));
  return [rows.map((row) => ({ ...row, memory, number: 0 })), names];
}

/** The records of memories with this name that are noted. */
export const findRecords = (given) =>
  namesOf(JOURNAL)
    .map((name) => ({ ...read(name)?.record, of: name }))
    .filter(({ name, memory, of }) => name === given && isOf(memory, of))
    .map(({ of, ...record }) => record);

/** Whether anything is noted of a memory. */
export const isNoted = (memory) => namesOf(nameOf(memory)).length > 0;

/** Whether a note is of this memory. */
export const isOf = (memory, name) => name.startsWith(nameOf(memory));

/** How the names of a memory's notes begin. */
const nameOf = (memory) => `${JOURNAL}${memory}:`;

/** A row as JSON can have it; undefined for what it cannot. */
function plain(row) {
  const { data } = row;
  if (typeof data === "string") return data.length > LONGEST ? undefined : row;
  if (!(data.byteLength <= LONGEST)) return;
  const isView = ArrayBuffer.isView(data);
  const bytes = new Uint8Array(isView ? data.buffer : data);
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return { ...row, data: text, isView, isBinary: true };
}

function rowsOf(noted) {
  try {
    return noted.rows.map(({ isView, isBinary, ...row }) => {
      if (!isBinary) return row;
      const bytes = Uint8Array.from(row.data, (character) => character.charCodeAt(0));
      return { ...row, data: isView ? bytes : bytes.buffer };
    });
  } catch {
    return [{}];
  }
}
