import { canonicalRules, commitmentOf, ed25519PublicKey, hashRules, MalformedDraw, parseRules } from "fair-draw";
import type { RoomSettings } from "../domain/room.ts";
import type { Sale } from "../domain/sale.ts";
import { InvalidSaleError } from "./ledger-errors.ts";

/** What a room gets when its sale is published, and keeps. */
export interface DrawnUpRoom {
  readonly rules: string;
  readonly rulesHash: Uint8Array;
  readonly secret: Uint8Array;
  readonly receiptKey: Uint8Array;
  readonly pseudonymKey: Uint8Array;
}

/**
 * The rules of a room, and the secrets that they stand for. `closes_at` of the settings is what the rules call closesAt.
 * @throws InvalidSaleError if fair-draw does not take the rules
 */
export function drawUpRoom(sale: Pick<Sale, "id">, room: RoomSettings): DrawnUpRoom {
  const [secret, receiptKey, pseudonymKey] = [random(), random(), random()];
  const { mode, opensAtMs, closesAtMs, winners, publicValue } = room;
  const common = {
    ...{ format: "fair-draw/rules/1", mode: mode === "queue" ? mode : "draw", room: sale.id, opensAt: opensAtMs },
    receiptKey: Buffer.from(ed25519PublicKey(receiptKey)).toString("hex"),
  };
  const commitment = Buffer.from(commitmentOf(secret)).toString("hex");
  const drawn = { ...common, closesAt: closesAtMs, commitment, publicValue, ...(winners !== undefined && { winners }) };
  const given = mode === "queue" ? common : drawn;
  try {
    const rules = parseRules(given);
    return { rules: canonicalRules(rules), rulesHash: hashRules(rules), secret, receiptKey, pseudonymKey };
  } catch (error) {
    if (!(error instanceof MalformedDraw)) throw error;
    throw new InvalidSaleError(`sale ${sale.id}: room: ${error.message}`);
  }
}

const random = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32));
