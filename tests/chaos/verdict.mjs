// What a record says about a run: lost, duplicated and reordered messages, each way.

/**
 * `records` are [session, stream, number, key, whole] in the order of handing over; messages 0 to `sent` - 1
 * were accepted, those in `reported` were reported as dropped.
 *
 * Downward is judged by the numbers that the server gave its echoes, session by session; upward by the order
 * in which the server answered: an echo's number is its message's turn.
 */
export function judge(records, sent, reported = []) {
  const down = { lost: 0, duplicated: 0, reordered: 0, damaged: 0 };
  const answered = [];
  for (const ofSession of bySession(records)) {
    const numbers = ofSession.map(([, , number]) => number);
    const present = new Set(numbers);
    down.duplicated += numbers.length - present.size;
    down.reordered += inversions(numbers);
    down.lost += Math.max(0, ...numbers) - present.size;
    const once = new Map(ofSession.map(([, , number, key]) => [number, key]));
    answered.push(...[...once].sort(([a], [b]) => a - b).map(([, key]) => key));
  }
  down.damaged = records.filter(([, , , , whole]) => !whole).length;
  return { up: judgeUp(answered, sent, reported), down };
}

function judgeUp(answered, sent, reported) {
  const present = new Set(answered);
  const excused = new Set(reported);
  let lost = 0;
  for (let key = 0; key < sent; key += 1) {
    if (!present.has(key) && !excused.has(key)) lost += 1;
  }
  const unexpected = [...present].filter((key) => !(key >= 0 && key < sent)).length;
  return { lost, duplicated: answered.length - present.size, reordered: inversions(answered), unexpected };
}

/**
 * `truth`: the keys that were handed over upward, by the number that the server gave them. `accepted`: the keys that
 * were accepted, and by which life of the page; those in `reported` were reported as dropped. `folds`: what pages made
 * of the messages from number `first` on, in the order of their lives.
 */
export function judgeDeaths({ truth, accepted, reported = [], folds }) {
  const handed = [...truth].sort(([a], [b]) => a - b).map(([, key]) => key);
  const present = new Set(handed);
  const excused = new Set(reported);
  const missing = [...accepted.keys()].filter((key) => !present.has(key) && !excused.has(key));
  const up = {
    lost: missing.length,
    duplicated: handed.length - present.size,
    reordered: 0,
    unexpected: [...present].filter((key) => !accepted.has(key)).length,
  };
  for (const life of new Set(accepted.values())) {
    up.reordered += inversions(handed.filter((key) => accepted.get(key) === life));
  }
  const isTrue = ({ first, keys }) => keys.every((key, at) => truth.get(first + at) === key) && !hasHoles(keys);
  return { up, folds: { compared: folds.length, wrong: folds.filter((fold) => !isTrue(fold)).length } };
}

/** `every` passes over places that were never set; what came through JSON has null there. */
function hasHoles(keys) {
  return Array.from(keys).some((key) => key == null);
}

/** Whether a verdict, counts by whom they are held against, holds nothing against anybody. */
export function isClean(verdict) {
  return Object.values(verdict)
    .flatMap(Object.values)
    .every((count) => count === 0);
}

function bySession(records) {
  const sessions = new Map();
  for (const record of records) {
    const name = `${record[0]} ${record[1]}`;
    if (!sessions.has(name)) sessions.set(name, []);
    sessions.get(name).push(record);
  }
  return sessions.values();
}

/** How many come after a higher one; a repetition is none. */
function inversions(numbers) {
  let highest = Number.NEGATIVE_INFINITY;
  let found = 0;
  for (const number of numbers) {
    if (number < highest) found += 1;
    highest = Math.max(highest, number);
  }
  return found;
}
