import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { LedgerReader } from "../database/ledger-database.ts";
import type { ProgramRequestRow } from "../database/schema.ts";
import type { LedgerProgramRequests, ProgramRequest } from "../program-requests.ts";
import { CallBatcher } from "./call-batcher.ts";

/** In a rush one statement writes many requests: a commit of its own for each would be the limit of the service. */
const shared = { maxBatch: 200, maxRunning: 2, maxWaiting: 20_000 };

export class SqlProgramRequests implements LedgerProgramRequests {
  readonly #registering: CallBatcher<ProgramRequest, ProgramRequest>;
  readonly #reads: CallBatcher<string, ProgramRequest | undefined>;

  constructor(database: RetryingDatabase) {
    this.#registering = new CallBatcher({
      name: "requests of programs",
      // No transaction: a row that another process inserts in between fails the insert, and the work is repeated.
      run: (requests) => database.read((writer) => registerAll(writer, requests)),
      ...shared,
    });
    this.#reads = new CallBatcher({
      name: "reads of requests",
      run: async (ids) => {
        const found = await database.read((reader) => readAll(reader, ids));
        return ids.map((id) => found.get(id));
      },
      ...shared,
    });
  }

  register(request: ProgramRequest): Promise<ProgramRequest> {
    return this.#registering.call(request);
  }

  read(reservationId: string): Promise<ProgramRequest | undefined> {
    return this.#reads.call(reservationId);
  }
}

async function registerAll(database: LedgerReader, requests: readonly ProgramRequest[]): Promise<ProgramRequest[]> {
  const ids = requests.map(({ reservationId }) => reservationId);
  const standing = await readAll(database, ids);
  const added = new Map<string, ProgramRequest>();
  // Of two requests in one batch with the same id the first one counts.
  for (const request of requests) {
    const { reservationId } = request;
    if (!standing.has(reservationId) && !added.has(reservationId)) added.set(reservationId, request);
  }
  if (added.size > 0) {
    await database
      .insertInto("program_requests")
      .values([...added.values()].map(toRow))
      .execute();
  }
  return ids.map((id) => (standing.get(id) ?? added.get(id)) as ProgramRequest);
}

async function readAll(database: LedgerReader, ids: readonly string[]): Promise<Map<string, ProgramRequest>> {
  const rows = await database.selectFrom("program_requests").selectAll().where("reservation_id", "in", ids).execute();
  return new Map(rows.map((row) => [row.reservation_id, toRequest(row)]));
}

function toRow(request: ProgramRequest): ProgramRequestRow {
  return {
    reservation_id: request.reservationId,
    program: request.program,
    request_id: request.requestId,
    sale_id: request.saleId,
    product_id: request.productId,
    user_id: request.userId,
    quantity: request.quantity,
    requested_at_ms: request.requestedAtMs,
  };
}

function toRequest(row: ProgramRequestRow): ProgramRequest {
  return {
    reservationId: row.reservation_id,
    program: row.program,
    requestId: row.request_id,
    saleId: row.sale_id,
    productId: row.product_id,
    userId: row.user_id,
    quantity: row.quantity,
    requestedAtMs: row.requested_at_ms,
  };
}
