import { pseudonymBytes } from "fair-draw";

/** What an entry says about a user: nothing to anybody who does not have the room's key. */
export function pseudonymOf(pseudonymKey: Uint8Array, userId: string): Uint8Array {
  return new Bun.CryptoHasher("sha256", pseudonymKey).update(userId).digest().subarray(0, pseudonymBytes);
}
