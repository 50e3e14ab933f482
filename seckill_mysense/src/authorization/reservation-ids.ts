import { bundleId, isKeptForBundles } from "../domain/bundle.ts";
import { isOffer } from "../domain/waiter.ts";
import { deriveSigningKey, type SigningChoice, type SigningKey } from "./signing-key.ts";

const randomBytes = 12;
const randomLength = 16;
const tagLength = 12;

/**
 * Reservation ids: 16 random characters, and a tag of 12 characters that binds them to a user and a product. Any
 * gateway can therefore check the owner of a reservation without asking the gate or the ledger, even before an order
 * exists.
 */
export class ReservationIds {
  readonly #keys: readonly SigningKey[];
  readonly #choice: SigningChoice;

  /** The chosen secret creates ids; ids of all secrets are recognised. */
  constructor(secrets: readonly string[], choice: SigningChoice = { index: 0 }) {
    this.#choice = choice;
    this.#keys = secrets.map((secret) => deriveSigningKey(secret, "reservation-id", ""));
  }

  create(userId: string, productId: string): string {
    let random = randomText();
    // Only the ledger makes offers to those who wait. By chance one id in 69 billion looks like one; like a bundle's, one
    // in 4,000 billion.
    while (isOffer(random) || isKeptForBundles(random)) random = randomText();
    return random + tag(this.#keys[this.#choice.index]!, random, userId, productId);
  }

  /**
   * Without a tag: a bundle's owner is proven by the token, which names its parts too, or by the ledger, which has it as
   * soon as one part is recorded.
   */
  createForBundle(): string {
    return bundleId(randomText());
  }

  belongsTo(reservationId: string, userId: string, productId: string): boolean {
    if (reservationId.length !== randomLength + tagLength) return false;
    const random = reservationId.slice(0, randomLength);
    return this.#keys.some((key) => random + tag(key, random, userId, productId) === reservationId);
  }
}

function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(randomBytes))).toString("base64url");
}

function tag(key: SigningKey, random: string, userId: string, productId: string): string {
  return key.sign(JSON.stringify([random, userId, productId])).slice(0, tagLength);
}
