// What the projects hold of ours: a page or program that sends the name of its entry, and shows what comes back.

import { readFileSync } from "node:fs";

export const ENTRIES = ["steadfast", "steadfast/core", "steadfast/inline"];

/** A file of the folder `sources`, using this entry instead of "steadfast". */
export function source(name, entry) {
  const text = readFileSync(new URL(`sources/${name}`, import.meta.url), "utf8");
  return text.replaceAll('"steadfast"', JSON.stringify(entry));
}

/** A page that loads one script. */
export function html(attributes, head = "") {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>fresh</title>
    <link rel="icon" href="data:," />
    ${head}
  </head>
  <body>
    <script ${attributes}></script>
  </body>
</html>
`;
}
