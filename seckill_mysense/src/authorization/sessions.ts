import type { SessionMark } from "../domain/session-mark.ts";
import type { RegisteredUser } from "../domain/user.ts";
import { readSignedText, signText } from "./signed-text.ts";
import { deriveSigningKey, type SigningChoice, type SigningKey } from "./signing-key.ts";

export interface Session {
  readonly userId: string;
  readonly name: string;
  readonly expiresAtMs: number;
  /** Undefined in a session of an earlier version. */
  readonly mark: SessionMark | undefined;
  /** Whether the user registered by an invitation, as a person with one account. */
  readonly isPerson: boolean;
}

type Payload = [userId: string, name: string, expiresAtMs: number, sessionId?: string, epoch?: number, person?: 1];
const idBytes = 12;

export const sessionCookieName = "seckill_session";

/** Who opens a session. */
type SessionUser = Pick<RegisteredUser, "id" | "name" | "sessionEpoch" | "personId">;

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

  open(user: SessionUser, nowMs: number): { session: Session; cookie: string } {
    const sessionId = Buffer.from(crypto.getRandomValues(new Uint8Array(idBytes))).toString("base64url");
    const mark = { sessionId, epoch: user.sessionEpoch };
    const isPerson = user.personId !== undefined;
    const session = { userId: user.id, name: user.name, expiresAtMs: nowMs + this.#lifetimeMs, mark, isPerson };
    const payload: Payload = [session.userId, session.name, session.expiresAtMs, sessionId, mark.epoch];
    if (isPerson) payload.push(1);
    return { session, cookie: signText(this.#signing[this.#choice.index]!, JSON.stringify(payload)) };
  }

  /** Undefined unless one of the keys signed the session and it has not expired. */
  read(cookie: string, nowMs: number): Session | undefined {
    const read = readSignedText(cookie, this.#keys);
    if (typeof read === "string") return undefined;
    const [userId, name, expiresAtMs, sessionId, epoch = 0, person] = JSON.parse(read.payload) as Payload;
    const mark = sessionId === undefined ? undefined : { sessionId, epoch };
    return nowMs < expiresAtMs ? { userId, name, expiresAtMs, mark, isPerson: person === 1 } : undefined;
  }
}
