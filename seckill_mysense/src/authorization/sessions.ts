import { readSignedText, signText } from "./signed-text.ts";
import { deriveSigningKey, type SigningKey } from "./signing-key.ts";

export interface Session {
  readonly userId: string;
  readonly name: string;
  readonly expiresAtMs: number;
}

export const sessionCookieName = "seckill_session";

/** Sessions live in a signed cookie, so that any gateway knows them and none has to store them. */
export class Sessions {
  readonly #current: SigningKey;
  readonly #keys: ReadonlyMap<string, SigningKey>;
  readonly #lifetimeMs: number;

  /** The first secret signs, all of them verify. */
  constructor(secrets: readonly string[], lifetimeMs: number) {
    const keys = secrets.map((secret) => deriveSigningKey(secret, "session", ""));
    this.#current = keys[0]!;
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#lifetimeMs = lifetimeMs;
  }

  open(user: { readonly id: string; readonly name: string }, nowMs: number): { session: Session; cookie: string } {
    const session = { userId: user.id, name: user.name, expiresAtMs: nowMs + this.#lifetimeMs };
    const payload = JSON.stringify([session.userId, session.name, session.expiresAtMs]);
    return { session, cookie: signText(this.#current, payload) };
  }

  /** Undefined for anything but an unexpired session that one of the keys signed. */
  read(cookie: string, nowMs: number): Session | undefined {
    const read = readSignedText(cookie, this.#keys);
    if (typeof read === "string") return undefined;
    const [userId, name, expiresAtMs] = JSON.parse(read.payload) as [string, string, number];
    return nowMs < expiresAtMs ? { userId, name, expiresAtMs } : undefined;
  }
}
