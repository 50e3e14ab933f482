import { readSignedText, signText } from "./signed-text.ts";
import { deriveSigningKey, type SigningChoice, type SigningKey } from "./signing-key.ts";

/** An entry of a room, as its visitor carries it. */
export interface RoomPass {
  readonly roomId: number;
  readonly number: number;
  /** Base64url. */
  readonly pseudonym: string;
  readonly enteredAtMs: number;
  /** Whether the place was used when the pass was written. */
  readonly isUsed: boolean;
}

type Payload = [roomId: number, number: number, pseudonym: string, enteredAtMs: number, used?: 1];

/** With a pass, a visitor who asks for its place costs a MAC and no question to the ledger. */
export class RoomPasses {
  readonly #signing: readonly SigningKey[];
  readonly #choice: SigningChoice;
  readonly #keys: ReadonlyMap<string, SigningKey>;

  /** The chosen secret signs; all secrets verify. */
  constructor(secrets: readonly string[], choice: SigningChoice) {
    this.#signing = secrets.map((secret) => deriveSigningKey(secret, "room-pass", ""));
    this.#choice = choice;
    this.#keys = new Map(this.#signing.map((key) => [key.id, key]));
  }

  write({ roomId, number, pseudonym, enteredAtMs, isUsed }: RoomPass): string {
    const payload: Payload = [roomId, number, pseudonym, enteredAtMs];
    if (isUsed) payload.push(1);
    return signText(this.#signing[this.#choice.index]!, JSON.stringify(payload));
  }

  /** Undefined for anything that no gateway of this shop has written. */
  read(text: string): RoomPass | undefined {
    const read = readSignedText(text, this.#keys);
    if (typeof read === "string") return undefined;
    const [roomId, number, pseudonym, enteredAtMs, used] = JSON.parse(read.payload) as Payload;
    return { roomId, number, pseudonym, enteredAtMs, isUsed: used === 1 };
  }
}
