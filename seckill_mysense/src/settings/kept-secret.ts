import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { SettingsError } from "./settings-error.ts";

const fileName = "api-secret";
const secretBytes = 48;

/**
 * The secret of an embedded system without a secret in its config.json. It is created at the first start and kept in
 * the data folder, readable only by its owner, so that tokens and sessions survive a restart.
 * @throws SettingsError if the file exists but does not hold a secret
 */
export function keptSecret(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, fileName);
  return readSecret(path) ?? createSecret(path);
}

function readSecret(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new SettingsError([`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`]);
  }
  if (text.length < 32) {
    throw new SettingsError([
      `${path} holds ${text.length} characters, a secret has at least 32: restore it, or remove it to make another`,
    ]);
  }
  return text;
}

/** The file is written under a temporary name first, so that a crash never leaves a partial secret. */
function createSecret(path: string): string {
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(secretBytes))).toString("base64url");
  const draft = `${path}.${process.pid}`;
  rmSync(draft, { force: true });
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, `${secret}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(draft, 0o600);
  try {
    // A link fails if the file exists, unlike a rename: of two processes that start together, one creates the secret
    // and both use it.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    removeDraft(draft);
  }
  return readSecret(path)!;
}

/** What counts is why the secret could not be kept, if so. A draft that stays can be read by this user only. */
function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // The next start of a process with this number removes it.
  }
}
