// What is worth a line, and where it goes.

import { report } from "./listeners.js";

export const LEVELS = ["silent", "error", "warn", "info", "debug"];

/** A function that logs a record of `level` with the request id that `link` has then. */
export function createLog(option, link) {
  const limit = typeof option === "function" ? LEVELS.length : LEVELS.indexOf(option);
  return (level, message, fields) => {
    if (LEVELS.indexOf(level) > limit) return;
    const timestamp = new Date().toISOString();
    const record = { level, message, timestamp, requestId: link.requestId, ...fields };
    if (typeof option !== "function") return console[level](`steadfast: ${message}`, record);
    try {
      option(record);
    } catch (error) {
      report(error);
    }
  };
}
