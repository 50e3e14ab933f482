import type { Stored } from "./results.ts";

export const thousands = (value: number): string => Math.round(value).toLocaleString("en");
export const ratio = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(2));
export const milliseconds = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(1));
export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** A table; the first row is its heading, and the first column is text. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows.map((cells) => `| ${cells.join(" | ")} |`);
  const line = `| ${(rows[0] ?? []).map((_, column) => (column === 0 ? "---" : "---:")).join(" | ")} |`;
  return [head, line, ...body].join("\n");
}

/** Where figures come from; `folder` is the way to bench/results from the page. */
export const source = ({ file, machine }: Stored, folder: string): string =>
  `From [${file}](${folder}/${file}), commit ${machine.commit}, Bun ${machine.bun}.`;
