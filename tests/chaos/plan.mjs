// Which faults, and when: everything follows from a seed.

/** One fault after another. `kill` is SIGKILL and a new start; the others are orders to the server's `--chaos`. */
const FAULTS = [
  { weight: 3, make: () => ({ kill: true }) },
  { weight: 3, make: () => ({ fault: { kind: "cut" } }) },
  { weight: 3, make: () => ({ fault: { kind: "reset" } }) },
  { weight: 2, make: (pick) => ({ fault: { kind: "close", code: pick([1001, 1011, 1012, 4400]), reason: "" } }) },
  {
    weight: 3,
    make: (pick, between) => ({
      fault: { kind: "blackhole", direction: pick(["both", "up", "down"]) },
      durationMs: between(200, 8_000),
    }),
  },
  {
    weight: 2,
    make: (_, between) => ({
      fault: { kind: "delay", ms: between(50, 1_500), direction: "both" },
      durationMs: between(500, 4_000),
    }),
  },
  {
    weight: 2,
    make: (pick, between) => ({
      fault: { kind: "bandwidth", bytesPerSecond: between(2_000, 40_000), direction: pick(["both", "up", "down"]) },
      durationMs: between(500, 4_000),
    }),
  },
  {
    weight: 1,
    make: (_, between) => ({ fault: { kind: "refuse" }, cut: true, durationMs: between(200, 2_500) }),
  },
  {
    weight: 1,
    make: (_, between) => ({ fault: { kind: "accept-close", code: 1013 }, cut: true, durationMs: between(200, 1_500) }),
  },
  {
    weight: 1,
    make: (_, between) => ({
      fault: { kind: "late", ms: between(100, 3_000) },
      cut: true,
      durationMs: between(500, 3_000),
    }),
  },
];

/**
 * `count` faults from `seed`. Each has a `name`, `pauseMs` before it, whether it `waits` for the link to be
 * back before the next one, and either `kill` with the `deadMs` of the server or `fault` with a `durationMs`
 * (none: it strikes once); `cut` ones make the page reconnect, since they strike new links only.
 */
export function planFaults(seed, count) {
  const random = generator(seed);
  const between = (low, high) => Math.round(low + random() * (high - low));
  const pick = (choices) => choices[Math.floor(random() * choices.length)];
  const bag = FAULTS.flatMap(({ weight, make }) => Array(weight).fill(make));
  return Array.from({ length: count }, () => {
    const planned = pick(bag)(pick, between);
    const name = planned.kill ? "kill" : planned.fault.kind;
    // Some links live long enough (5 s) to count as stable, or backoff would soon rest for a minute each time.
    const pauseMs = random() < 0.4 ? between(5_000, 6_500) : between(0, 300);
    return { ...planned, name, pauseMs, deadMs: between(0, 1_500), waits: random() < 0.8 };
  });
}

const DEATHS = ["reload", "reload", "away", "crash", "tab", "orphan"];

/**
 * `count` deaths of the page from `seed`: its `kind`, how many messages are sent `before` a pause of `pauseMs`,
 * and how many `last`; during about `kills` of them the server is dead, and for `deadMs` more.
 */
export function planDeaths(seed, count, kills) {
  const random = generator(seed);
  const between = (low, high) => Math.round(low + random() * (high - low));
  return Array.from({ length: count }, () => ({
    kind: DEATHS[Math.floor(random() * DEATHS.length)],
    before: between(0, 8),
    pauseMs: random() < 0.5 ? between(0, 50) : between(300, 1_200),
    last: between(1, 6),
    kill: random() < kills / count,
    deadMs: between(0, 800),
  }));
}

/** Mulberry32. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
