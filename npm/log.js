// What is worth a line, and where it goes.

import { report } from "./listeners.js";

export const LEVELS = ["silent", "error", "warn", "info", "debug"];

/** A function that logs a record of `level` with the request id that `link` has then. */
export const createLog = (option, link) => (level, message, fields) => {
  const record = { level, message, timestamp: new Date().toISOString(), requestId: link.requestId, ...fields };
  try {
    if (typeof option === "function") option(record);
    else if (LEVELS.indexOf(level) <= LEVELS.indexOf(option)) console[level](`steadfast: ${message}`, record);
  } catch (error) {
    report(error);
  }
};
