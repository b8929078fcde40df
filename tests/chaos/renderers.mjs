// The process in which a page lives, so that it can be killed as a crash kills it.

import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** How the three engines call theirs. */
const RENDERER = /--type=renderer|-contentproc.*\btab$|WebKitWebProcess/;
const BUSY_MS = 300;
/** A browser that did nothing for so long is done. */
const QUIET_MS = 1_000;

/** The process of a page, somewhere below the process `root`: the one that works while the page is `busy` for so many ms. */
export async function rendererOf(root, busy) {
  const before = new Map((await renderersBelow(root)).map(({ pid, ticks }) => [pid, ticks]));
  await busy(BUSY_MS);
  const worked = (await renderersBelow(root)).map(({ pid, ticks }) => ({ pid, ticks: ticks - (before.get(pid) ?? 0) }));
  if (worked.length === 0) throw new Error("no process of a page was found");
  return worked.reduce((most, it) => (it.ticks > most.ticks ? it : most)).pid;
}

/** Until no process of the browser `root` works any more. */
export async function quiet(root) {
  const worked = async () => (await processesBelow(root)).reduce((sum, { ticks }) => sum + ticks, 0);
  for (let before = -1, now = await worked(); now !== before; now = await worked()) {
    before = now;
    await sleep(QUIET_MS);
  }
}

async function renderersBelow(root) {
  return (await processesBelow(root)).filter(({ command }) => RENDERER.test(command));
}

async function processesBelow(root) {
  const all = await processes();
  const family = new Set([root]);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => family.has(pid));
}

async function processes() {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(names.map(read))).filter(Boolean);
}

/** A process's id, its parent's, its command line, and how long it has worked; null when it has ended meanwhile. */
async function read(name) {
  try {
    const [stat, command] = await Promise.all(
      ["stat", "cmdline"].map((file) => readFile(`/proc/${name}/${file}`, "utf8")),
    );
    // The name of the program, in parentheses, may hold anything. From the state on: proc_pid_stat(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      pid: Number(name),
      parent: Number(fields[1]),
      ticks: Number(fields[11]) + Number(fields[12]),
      command: command.replaceAll("\0", " ").trim(),
    };
  } catch {
    return null;
  }
}
