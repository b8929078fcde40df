// What stands in localStorage, which is written at once: the clock, the order of memories, and what a task has sent or
// dropped until the database has it. In sessionStorage: the memories of this tab. Where there is none, or no room,
// nothing is noted.

import { text } from "./frames.js";
import { isObject } from "./options.js";

/** Whether anything can be noted here, and what others have noted be seen. */
export function sees() {
  try {
    return !!localStorage;
  } catch {
    return false;
  }
}

/** Undefined in workers and where it is forbidden. */
export const TAB = (() => {
  try {
    return globalThis.sessionStorage;
  } catch {}
})();

/** Whether it is noted. */
export function write(name, value, where = "localStorage") {
  try {
    globalThis[where].setItem(name, JSON.stringify(value));
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
export function read(name, where = "localStorage") {
  try {
    return JSON.parse(globalThis[where][name]) ?? {};
  } catch {
    return {};
  }
}

// The clock.

/** What was not used for so long is of no use any more. */
const KEPT_MS = 30 * 86_400_000;
const CLOCK = "steadfast:clock";
let ahead;

/** The time, as far as it can be believed: a clock that has leapt ahead is believed when a second page confirms it. */
export function trustedNow() {
  const now = Date.now();
  ahead ??= leap(now);
  return now - ahead;
}

export const isOld = (moment) => moment < trustedNow() - KEPT_MS;

function leap(now) {
  const { seen, doubt } = read(CLOCK);
  const isLeap = now - seen > KEPT_MS && !(now >= doubt && now - doubt <= KEPT_MS);
  write(CLOCK, isLeap ? { seen, doubt: now } : { seen: now });
  return isLeap ? now - seen : 0;
}

// Memories of a durable queue.

/** Whether it is the name of a memory. */
export const isMemory = text(/^[0-9a-f]{32}$/);

/** The place of a new memory, behind all others and behind `known`: by the clock where nothing can be noted. */
export function nextPlace(queue, known) {
  const name = `steadfast:place:${queue}`;
  const place = Math.max(read(name).place || 0, known) + 1;
  return write(name, { place }) ? place : Math.max(Date.now(), place);
}

/** Whether a page of this tab has begun a memory or was to deliver it; where nobody knows: any may be. */
export const isOfTab = (queue, memory) => !TAB || memoriesOfTab(queue).includes(memory);

/** Newest last. */
function memoriesOfTab(queue) {
  const names = read(tabOf(queue), "sessionStorage");
  return Array.isArray(names) ? names : [];
}

export function noteOfTab(queue, memory, isIn) {
  const others = memoriesOfTab(queue).filter((other) => other !== memory);
  write(tabOf(queue), (isIn ? [...others, memory] : others).slice(-64), "sessionStorage");
}

const tabOf = (queue) => `steadfast:tab:${queue}`;

// What a task has sent and dropped.

/** A longer message is not worth the room of the application. */
const LONGEST = 65_536;

let lastNote = 0;
const PAGE = Math.random().toString(36).slice(2);

/** Notes rows and marks of one memory, and its record where that is on its way as well. The name of the note, if any. */
export function note(queue, memory, rows, record) {
  const plains = rows.map(plain).filter(Boolean);
  const name = `${notesOf(queue)}${memory}:${PAGE}${lastNote++}`;
  return (plains.length || record) && write(name, { record, rows: plains }) ? name : undefined;
}

/** What is noted of each memory of a queue, or of one: its record, and rows. */
export const findNotes = (queue, memory = "") =>
  namesOf(notesOf(queue) + memory).flatMap((name) => {
    const of = name.slice(notesOf(queue).length).split(":")[0];
    const { record, rows } = read(name);
    const isNote = isMemory(of) && Array.isArray(rows);
    return isNote ? [{ memory: of, record, rows: rows.map((row) => whole(row, queue, of)) }] : [];
  });

/** Takes what is done with out of what is noted of a memory. */
export function strike(queue, memory, isDone) {
  for (const name of namesOf(notesOf(queue) + memory)) {
    const { record, rows } = read(name);
    const rest = Array.isArray(rows) ? rows.filter((row) => !isDone(row ?? {})) : [];
    if (rest.length) write(name, { record, rows: rest });
    else if (rows?.length) remove([name]);
  }
}

export const removeNotes = (queue, memory) => remove(namesOf(notesOf(queue) + memory));

const notesOf = (queue) => `steadfast:note:${JSON.stringify(queue)}:`;

/** A row as JSON can have it; undefined for what it cannot. */
function plain({ name, memory, ...row }) {
  const { data, gone } = row;
  if (gone || typeof data === "string") return data?.length > LONGEST ? undefined : row;
  if (!(data.byteLength <= LONGEST)) return;
  const isView = ArrayBuffer.isView(data);
  const bytes = new Uint8Array(isView ? data.buffer : data);
  return { ...row, data: Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""), isView, isBinary: true };
}

function whole(given, name, memory) {
  if (!isObject(given)) return { name, memory };
  const { isView, isBinary, ...row } = given;
  if (isBinary) {
    const bytes = Uint8Array.from(`${row.data}`, (character) => character.charCodeAt(0));
    row.data = isView ? bytes : bytes.buffer;
  }
  return { ...row, name, memory };
}
