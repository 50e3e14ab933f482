import { readFileSync } from "node:fs";
import { DirectiveError } from "../settings/directive.ts";
import type { Settings } from "../settings/settings.ts";

/** Files that the server opens besides its clients' sockets, as Redis reserves them. */
const reservedFiles = 32;

/** The clients that the system's limit on open files allows; undefined where the system does not tell its limit. */
export function clientsAllowedBySystem(limits = readLimits()): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1];
  return soft === undefined ? undefined : Math.max(1, Number(soft) - reservedFiles);
}

/** Both Bun and Node raise the soft limit to the hard one when they start. */
function readLimits(): string | undefined {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    // Only Linux has this file.
    return undefined;
  }
}

/**
 * Holds `maxclients` within the system's limit on open files: reduces it now, with a warning, and refuses to raise it
 * beyond that later.
 */
export function limitClients(
  settings: Settings,
  warn: (text: string) => void,
  allowed = clientsAllowedBySystem(),
): void {
  if (allowed === undefined) return;
  const { values } = settings;
  const wanted = values.maxclients;
  if (wanted > allowed) {
    values.maxclients = allowed;
    warn(
      `maxclients is reduced from ${wanted} to ${allowed}: this process may open ${allowed + reservedFiles} files ` +
        `('ulimit -n'), and ${reservedFiles} of them are not for clients`,
    );
  }
  settings.onChange("maxclients", () => {
    if (values.maxclients <= allowed) return;
    throw new DirectiveError(
      `The operating system is not able to handle the specified number of clients, try with ${allowed}`,
    );
  });
}
