// A virtual X display, for the engine that has no headless mode.
import { launch } from "./process.mjs";

/** Starts Xvfb on a free display number; `name` of the result goes into DISPLAY. */
export async function openDisplay() {
  const program = await launch("Xvfb", ["-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"], {
    ready: /^(\d+)$/,
  });
  return { name: `:${program.match[1]}`, close: () => program.kill() };
}
