// Whether what is read of a durable queue can be used, and what becomes of it otherwise.

import { absentOr, COUNT, has, isWord, listOf, NUMBER, TEXT, text } from "./frames.js";
import { LANES, randomId } from "./host.js";
import { isObject } from "./options.js";
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
export const isGoodRecord = has({
  id: (id, { token }) => (id === undefined && token === undefined) || (isWord(id) && isWord(token)),
  instance: text(/^[0-9a-f]{32}$/),
  births: absentOr(isObject),
  own: absentOr(text(/^[0-9a-f]{32}$/)),
  last: COUNT,
});

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

const isGoodRow = has({
  seq: NUMBER,
  number: COUNT,
  data: isData,
  priority: (given) => LANES.includes(given),
  key: absentOr(TEXT),
  ttl: absentOr(isMoment),
  sent: absentOr(NUMBER),
  origins: absentOr(listOf(TEXT)),
  at: isMoment,
});
