/** A bar would end the cell, and a line end the row. */
export const escapedCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** A table in the form that the formatter gives it. */
export function markdownTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const padded = all.map((row) => line(widths.map((width, column) => (row[column] ?? "").padEnd(width))));
  return [padded[0], line(widths.map((width) => "-".repeat(width))), ...padded.slice(1)].join("\n");
}
