import { readSignedText, signText } from "./signed-text.ts";
import { deriveSigningKey, type SigningChoice, type SigningKey } from "./signing-key.ts";

export interface Invitation {
  /** Who may register, by the name that the operator's own program gave. */
  readonly personId: string;
  readonly expiresAtMs: number;
}

type Payload = [personId: string, expiresAtMs: number];

/**
 * Invitations to register, for persons whom a program of the operator has told apart. They are signed and stored nowhere: the
 * ledger keeps which person has an account.
 */
export class Invitations {
  readonly #signing: readonly SigningKey[];
  readonly #choice: SigningChoice;
  readonly #keys: ReadonlyMap<string, SigningKey>;

  /** The chosen secret signs; all secrets verify. */
  constructor(secrets: readonly string[], choice: SigningChoice = { index: 0 }) {
    this.#signing = secrets.map((secret) => deriveSigningKey(secret, "invitation", ""));
    this.#choice = choice;
    this.#keys = new Map(this.#signing.map((key) => [key.id, key]));
  }

  issue({ personId, expiresAtMs }: Invitation): string {
    const payload: Payload = [personId, expiresAtMs];
    return signText(this.#signing[this.#choice.index]!, JSON.stringify(payload));
  }

  /** Undefined unless one of the keys signed it and it has not expired. */
  read(text: string, nowMs: number): Invitation | undefined {
    const read = readSignedText(text, this.#keys);
    if (typeof read === "string") return undefined;
    const [personId, expiresAtMs] = JSON.parse(read.payload) as Payload;
    return nowMs < expiresAtMs ? { personId, expiresAtMs } : undefined;
  }
}
