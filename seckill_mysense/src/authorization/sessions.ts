import { readSignedText, signText } from "./signed-text.ts";
import { deriveSigningKey, type SigningChoice, type SigningKey } from "./signing-key.ts";

export interface Session {
  readonly userId: string;
  readonly name: string;
  readonly expiresAtMs: number;
}

export const sessionCookieName = "seckill_session";

/** A session is a signed cookie, so that every gateway can verify it and none has to store it. */
export class Sessions {
  readonly #signing: readonly SigningKey[];
  readonly #choice: SigningChoice;
  readonly #keys: ReadonlyMap<string, SigningKey>;
  readonly #lifetimeMs: number;

  /** The chosen secret signs; all secrets verify. */
  constructor(secrets: readonly string[], lifetimeMs: number, choice: SigningChoice = { index: 0 }) {
    this.#signing = secrets.map((secret) => deriveSigningKey(secret, "session", ""));
    this.#choice = choice;
    this.#keys = new Map(this.#signing.map((key) => [key.id, key]));
    this.#lifetimeMs = lifetimeMs;
  }

  open(user: { readonly id: string; readonly name: string }, nowMs: number): { session: Session; cookie: string } {
    const session = { userId: user.id, name: user.name, expiresAtMs: nowMs + this.#lifetimeMs };
    const payload = JSON.stringify([session.userId, session.name, session.expiresAtMs]);
    return { session, cookie: signText(this.#signing[this.#choice.index]!, payload) };
  }

  /** Undefined unless one of the keys signed the session and it has not expired. */
  read(cookie: string, nowMs: number): Session | undefined {
    const read = readSignedText(cookie, this.#keys);
    if (typeof read === "string") return undefined;
    const [userId, name, expiresAtMs] = JSON.parse(read.payload) as [string, string, number];
    return nowMs < expiresAtMs ? { userId, name, expiresAtMs } : undefined;
  }
}
