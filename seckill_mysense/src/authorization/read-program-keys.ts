import { readFileSync } from "node:fs";
import { SettingsError } from "../settings/settings-error.ts";
import type { ProgramSettings } from "../settings/settings.ts";
import type { ProgramEntry } from "./programs.ts";

const minKeyLength = 32;

/**
 * The programs with their keys, from the settings or from the files that they name.
 * @throws SettingsError if a file cannot be read, or holds no key
 */
export function readProgramKeys(programs: readonly ProgramSettings[]): ProgramEntry[] {
  const entries = programs.map((program, index) => {
    const place = `quantity.programs.${index}`;
    const key = program.key || readKey(program.key_file, `${place}.key_file`);
    const previous = program.previous_key || readKey(program.previous_key_file, `${place}.previous_key_file`);
    return { ...program, keys: [key, previous].filter((text) => text !== "") };
  });
  checkDistinct(entries);
  return entries;
}

function readKey(file: string, setting: string): string {
  if (file === "") return "";
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new SettingsError([`${setting} ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "?"}`]);
  }
  if (text.length >= minKeyLength && text.length <= 512 && !/\s/.test(text)) return text;
  throw new SettingsError([
    `${setting} ${file} holds ${text.length} characters: a key has ${minKeyLength} to 512, without blanks, for example from: openssl rand -base64 48`,
  ]);
}

/** Two programs with one key could not be told apart. */
function checkDistinct(entries: readonly ProgramEntry[]): void {
  const holders = new Map<string, string>();
  for (const { name, keys } of entries) {
    for (const key of keys) {
      const holder = holders.get(key);
      if (holder !== undefined) throw new SettingsError([`quantity.programs: ${name} and ${holder} have the same key`]);
      holders.set(key, name);
    }
  }
}
