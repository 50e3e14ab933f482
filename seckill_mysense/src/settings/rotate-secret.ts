import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { readConfig } from "./read-config.ts";
import { SettingsError } from "./settings-error.ts";

export type SecretStep = "rotate" | "announce" | "exchange" | "retire";

/** The step would make tokens worthless that may be in use, or there is nothing to do. Nothing was changed. */
export class SecretStepError extends Error {
  override readonly name = "SecretStepError";
}

interface Secrets {
  /** "" when the file has none. */
  readonly present: string;
  readonly previous: string;
}

/** 48 random bytes are 64 characters of base64. */
const newSecret = (): string => randomBytes(48).toString("base64");

/**
 * Changes `backend.api_secret` and `backend.previous_api_secret` in a config.json, all at once or not at all.
 * @throws SettingsError if the file cannot be read or holds no secret
 * @throws SecretStepError if the step would end sessions that may be in use; `force` allows that
 */
export function changeSecret(file: string, step: SecretStep, { force }: { readonly force: boolean }): void {
  const { config, backend } = read(file);
  const secrets = { present: secretAt(backend, "api_secret"), previous: secretAt(backend, "previous_api_secret") };
  if (secrets.present === "") {
    throw new SettingsError([
      `${file}: backend.api_secret is empty. A secret from SECKILL_API_SECRET is changed where that is set; an embedded ` +
        "system keeps its own in the data folder, and needs none here",
    ]);
  }
  const { present, previous } = after(step, secrets, force);
  const changed = { ...config, backend: { ...backend, api_secret: present, previous_api_secret: previous } };
  replace(file, `${JSON.stringify(changed, undefined, 2)}\n`);
}

function after(step: SecretStep, { present, previous }: Secrets, force: boolean): Secrets {
  const isOpen = previous === "" || force;
  const kept = "backend.previous_api_secret still holds a secret: what it signed would be worth nothing";
  switch (step) {
    case "rotate":
      if (!isOpen) throw new SecretStepError(`${kept}. Wait for backend.session_seconds, then: seckill keys retire`);
      return { present: newSecret(), previous: present };
    case "announce":
      if (!isOpen) throw new SecretStepError(`${kept}. Wait for backend.session_seconds, then: seckill keys retire`);
      return { present, previous: newSecret() };
    case "exchange":
      if (previous === "") throw new SecretStepError("no secret was announced: seckill keys announce makes one");
      return { present: previous, previous: present };
    case "retire":
      if (previous === "") throw new SecretStepError("backend.previous_api_secret is empty already");
      return { present, previous: "" };
  }
}

function read(file: string): { config: Record<string, unknown>; backend: Record<string, unknown> } {
  const config = readConfig(file);
  if (!isRecord(config)) throw new SettingsError([`${file} must hold a JSON object`]);
  const backend = config["backend"] ?? {};
  if (!isRecord(backend)) throw new SettingsError([`${file}: backend must be an object`]);
  return { config, backend };
}

/** A reader sees the file of before or of after, also when the power fails in between. */
function replace(file: string, content: string): void {
  const { mode, uid, gid } = statSync(file);
  const temporary = `${file}.new`;
  const handle = openSync(temporary, "wx", mode & 0o777);
  try {
    writeSync(handle, content);
    fsyncSync(handle);
    closeSync(handle);
    if (uid !== process.getuid?.() || gid !== process.getgid?.()) throw new SecretStepError(ownedByOthers(file));
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

const ownedByOthers = (file: string): string => `${file} belongs to another user: run this as the user who owns it`;

const secretAt = (backend: Record<string, unknown>, key: string): string =>
  typeof backend[key] === "string" ? backend[key] : "";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
