import { CommandError } from "../../protocol/command-error.ts";

/**
 * Throws when the text (one character per byte) cannot be a client's name. CLIENT LIST separates fields by spaces, so a
 * name must not contain any.
 */
export function checkClientName(name: string): void {
  for (let at = 0; at < name.length; at++) {
    const byte = name.charCodeAt(at);
    if (byte < 33 || byte > 126) {
      throw new CommandError("ERR Client names cannot contain spaces, newlines or special characters.");
    }
  }
}
