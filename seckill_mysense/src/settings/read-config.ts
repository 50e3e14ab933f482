import { readFileSync } from "node:fs";
import { JsonFileError, parseJsonFile } from "./json-place.ts";
import { SettingsError } from "./settings-error.ts";

/** What a config.json holds, unchecked. @throws SettingsError if it cannot be read or is not JSON */
export function readConfig(file: string): unknown {
  try {
    return parseJsonFile(file, readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof JsonFileError) throw new SettingsError([error.message]);
    throw new SettingsError([`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`]);
  }
}
