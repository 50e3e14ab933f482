import type { Logger } from "../logging/logger.ts";
import { checkOutboxLimit, maxOutboxBatch } from "./check-request.ts";
import type { OutboxEntry } from "./gate.ts";
import type { GateConnection } from "./gate-connection.ts";
import { gateScripts } from "./gate-script.ts";
import { checkIdentifier, productKeys, type GateProduct } from "./product-keys.ts";
import { entryTimeMs } from "./reserve-reply.ts";

/** The consumer group that all relays share: each outbox entry goes to one of them. */
export const relayGroup = "relays";

/** The stream of accepted reservations of each product. */
export class Outbox {
  readonly #connection: GateConnection;
  readonly #logger: Logger;

  constructor(connection: GateConnection, logger: Logger) {
    this.#connection = connection;
    this.#logger = logger;
  }

  async read(product: GateProduct, relayName: string, limit: number): Promise<OutboxEntry[]> {
    const [, , , outbox] = productKeys(product);
    const count = String(checkOutboxLimit(limit));
    checkIdentifier("relay name", relayName);
    // Without BLOCK, so that one connection can serve the products of all nodes of a cluster.
    const reply = await emptyWhenUnarmed(
      this.#connection.command("XREADGROUP", "GROUP", relayGroup, relayName, "COUNT", count, "STREAMS", outbox, ">"),
    );
    const streams = reply as [key: string, entries: RawEntry[]][] | null;
    return this.#decode(product, streams?.[0]?.[1] ?? []);
  }

  async claim(product: GateProduct, relayName: string, limit: number, idleMs: number): Promise<OutboxEntry[]> {
    const [, , , outbox] = productKeys(product);
    const count = String(checkOutboxLimit(limit));
    checkIdentifier("relay name", relayName);
    const idle = String(Math.max(0, Math.trunc(idleMs)));
    const reply = await emptyWhenUnarmed(
      this.#connection.command("XAUTOCLAIM", outbox, relayGroup, relayName, idle, "0", "COUNT", count),
    );
    const entries = (reply as [cursor: string, entries: (RawEntry | null)[]] | null)?.[1] ?? [];
    return this.#decode(
      product,
      entries.filter((entry) => entry !== null),
    );
  }

  async acknowledge(product: GateProduct, entryIds: readonly string[]): Promise<void> {
    const keys = productKeys(product);
    for (let i = 0; i < entryIds.length; i += maxOutboxBatch) {
      const args = [relayGroup, ...entryIds.slice(i, i + maxOutboxBatch)];
      await this.#connection.run(gateScripts.acknowledge, keys, args);
    }
  }

  async forgetRelays(product: GateProduct, idleMs: number): Promise<void> {
    const args = [relayGroup, String(Math.max(0, Math.trunc(idleMs)))];
    await this.#connection.run(gateScripts.forgetRelays, productKeys(product), args);
  }

  #decode(product: GateProduct, raw: readonly RawEntry[]): OutboxEntry[] {
    const entries: OutboxEntry[] = [];
    for (const rawEntry of raw) {
      const entry = decodeEntry(product, rawEntry);
      if (entry !== undefined) entries.push(entry);
      // Only the reserve script writes here. A foreign entry stays in the stream, unacknowledged, for an operator.
      else this.#logger.error("unreadable outbox entry", { product: product.id, entry: JSON.stringify(rawEntry) });
    }
    return entries;
  }
}

type RawEntry = [entryId: string, fields: string[] | null];

/** Fields as scripts/reserve.lua writes them: e (epoch), u (user id), r (reservation id), s (sequence), q (units) if more than one, and t (trace) where there is one. */
function decodeEntry(product: GateProduct, [entryId, fields]: RawEntry): OutboxEntry | undefined {
  if (fields === null) return undefined;
  let epoch = 0;
  let userId = "";
  let reservationId = "";
  let sequence: number | undefined;
  let quantity: number | undefined;
  let traceparent: string | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const value = fields[i + 1]!;
    if (fields[i] === "e") epoch = Number(value);
    else if (fields[i] === "u") userId = value;
    else if (fields[i] === "r") reservationId = value;
    else if (fields[i] === "s") sequence = Number(value);
    else if (fields[i] === "q") quantity = Number(value);
    else if (fields[i] === "t" && value !== "") traceparent = value;
  }
  if (quantity !== undefined && !(Number.isInteger(quantity) && quantity > 0)) return undefined;
  if (!Number.isInteger(epoch) || epoch < 1 || userId === "" || reservationId === "") return undefined;
  const acceptedAtMs = entryTimeMs(entryId);
  const reservation = {
    reservationId,
    saleId: product.saleId,
    productId: product.id,
    userId,
    epoch,
    acceptedAtMs,
    sequence,
  };
  const rest = { ...(quantity !== undefined && { quantity }), ...(traceparent !== undefined && { traceparent }) };
  return { entryId, reservation: { ...reservation, ...rest } };
}

/** A product without a consumer group was never armed, or its keys have expired: it has no entries. */
async function emptyWhenUnarmed(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof Error && error.message.includes("NOGROUP")) return null;
    throw error;
  }
}
