// Whether what is read of a durable queue can be used, and what becomes of it otherwise.

import { COUNT, isWord, NUMBER } from "./frames.js";
import { LANES, randomId } from "./host.js";
import { isData } from "./payload.js";
import { Rows } from "./rows.js";
import { isOld } from "./storage.js";

export const newRecord = (name, memory, instance = memory) => ({
  name,
  memory,
  instance,
  claim: 0,
  last: 0,
  at: Date.now(),
});

/** Whether a record can be used: that of a session, or of a memory that has none yet. */
export function isGoodRecord({ id, token, instance, last }) {
  const hasNone = id === undefined && token === undefined;
  return (
    (hasNone || (isWord(id) && isWord(token))) &&
    typeof instance === "string" &&
    /^[0-9a-f]{32}$/.test(instance) &&
    COUNT(last)
  );
}

/** The rows that can be used in a memory of which `last` was the last number; and the others. */
export function sort(rows, last) {
  const good = [];
  const bad = [];
  const numbers = new Set();
  for (const row of rows) {
    const isGood = isGoodRow(row) && row.number <= last && !numbers.has(row.number);
    (isGood ? good : bad).push(row);
    if (row.number !== 0) numbers.add(row.number);
  }
  return [good, bad];
}

/**
 * What is left of a record that cannot be used: a new one, and messages without numbers. The others may have arrived,
 * and are gone, as are all of a record that is too old. The record, if any, and the rows that are lost.
 */
export async function repair(database, record) {
  const { name, memory } = record;
  const clean = isOld(record) ? null : newRecord(name, memory, randomId());
  const rows = new Rows(database);
  const [found] = (await rows.read(record)) ?? [[]];
  const lost = found.filter(({ number }) => !clean || number !== 0);
  rows.removeStashRecord(record);
  if (clean) rows.putRecord(clean);
  else rows.end(record);
  for (const row of lost) rows.remove(row);
  await rows.flush("relaxed");
  return [clean, lost];
}

const isMoment = (value) => Number.isFinite(value) && value >= 0;

function isGoodRow({ seq, number, data, priority, key, ttl, at, sent, origins }) {
  return (
    NUMBER(seq) &&
    COUNT(number) &&
    isData(data) &&
    LANES.includes(priority) &&
    (key === undefined || typeof key === "string") &&
    (ttl === undefined || isMoment(ttl)) &&
    (sent === undefined || NUMBER(sent)) &&
    (origins === undefined || (Array.isArray(origins) && origins.every((name) => typeof name === "string"))) &&
    isMoment(at)
  );
}
