// The result as people read it.

const HEADER = ["environment", "entry", "gzipped bytes", "works"];

/** Rows of `attempt` as a table of Markdown. */
export function asTable(rows) {
  const cells = rows.map((row) => [row.environment, row.entry, bytes(row), verdict(row)]);
  const widths = HEADER.map((title, column) =>
    column === HEADER.length - 1 ? title.length : Math.max(title.length, ...cells.map((row) => row[column].length)),
  );
  const line = (row) => `| ${row.map((cell, column) => pad(cell, column, widths[column])).join(" | ")} |`;
  const rule = widths.map((width, column) => (column === 2 ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(HEADER), line(rule), ...cells.map(line)].join("\n");
}

const bytes = ({ gzippedBytes }) => gzippedBytes?.toLocaleString("en") ?? "";

function verdict({ works, line, why }) {
  if (!works) return `**no**: ${why.replaceAll("|", "\\|")}`;
  return line ? `with \`${line}\`` : "yes";
}

const pad = (cell, column, width) => (column === 2 ? cell.padStart(width) : cell.padEnd(width));
