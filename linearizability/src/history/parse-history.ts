import { parseJepsenEdn } from "./jepsen-edn.ts";
import { parseJepsenLog } from "./jepsen-log.ts";
import { parseJsonLines } from "./json-lines.ts";
import type { Operation } from "./operation.ts";

const readers = { "json-lines": parseJsonLines, "jepsen-edn": parseJepsenEdn, "jepsen-log": parseJepsenLog };

export type HistoryFormat = keyof typeof readers;

export const historyFormats = Object.keys(readers) as readonly HistoryFormat[];

/** By the end of a file's name: .edn and .log are Jepsen's. */
export function formatOf(file: string): HistoryFormat {
  if (file.endsWith(".edn")) return "jepsen-edn";
  return file.endsWith(".log") ? "jepsen-log" : "json-lines";
}

/** @throws MalformedHistory */
export function parseHistory(text: string, format: HistoryFormat): Operation[] {
  return readers[format](text);
}
