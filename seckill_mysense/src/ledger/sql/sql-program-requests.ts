import type { RetryingDatabase } from "../database/retrying-database.ts";
import type { LedgerReader } from "../database/ledger-database.ts";
import type { ProgramRequestRow } from "../database/schema.ts";
import type { ForgetStep, LedgerProgramRequests, ProgramRequest } from "../program-requests.ts";
import { CallBatcher } from "./call-batcher.ts";

/** In a rush one statement writes many requests: a commit of its own for each would be the limit of the service. */
const shared = { maxBatch: 200, maxRunning: 2, maxWaiting: 20_000 };

export class SqlProgramRequests implements LedgerProgramRequests {
  readonly #database: RetryingDatabase;
  readonly #registering: CallBatcher<ProgramRequest, ProgramRequest>;
  readonly #reads: CallBatcher<string, ProgramRequest | undefined>;

  constructor(database: RetryingDatabase) {
    this.#database = database;
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

  async forget({ after, limit, endedBeforeMs }: ForgetStep): Promise<string | undefined> {
    const rows = await this.#database.read((database) =>
      database
        .selectFrom("program_requests")
        .leftJoin("sales", "sales.id", "program_requests.sale_id")
        .select(["program_requests.reservation_id", "sales.ends_at_ms"])
        .where("program_requests.reservation_id", ">", after)
        .orderBy("program_requests.reservation_id")
        .limit(limit)
        .execute(),
    );
    const old = rows.filter(({ ends_at_ms }) => ends_at_ms !== null && ends_at_ms < endedBeforeMs);
    if (old.length > 0) {
      const ids = old.map(({ reservation_id }) => reservation_id);
      await this.#database.read((database) =>
        database.deleteFrom("program_requests").where("reservation_id", "in", ids).execute(),
      );
    }
    return rows.length < limit ? undefined : rows.at(-1)!.reservation_id;
  }
}

async function registerAll(database: LedgerReader, requests: readonly ProgramRequest[]): Promise<ProgramRequest[]> {
  const ids = requests.map(({ reservationId }) => reservationId);
  const standing = await readAll(database, ids);
  const fresh = requests.filter(({ reservationId }) => !standing.has(reservationId));
  for (const [id, request] of await readDecided(database, fresh)) standing.set(id, request);
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

/** Requests that were forgotten, and whose reservations were ordered or rejected. */
async function readDecided(
  database: LedgerReader,
  requests: readonly ProgramRequest[],
): Promise<Map<string, ProgramRequest>> {
  const byId = new Map(requests.map((request) => [request.reservationId, request]));
  const decided = new Map<string, ProgramRequest>();
  if (byId.size === 0) return decided;
  const columns = ["reservation_id", "sale_id", "product_id", "user_id"] as const;
  const rejected = await database
    .selectFrom("rejections")
    .select(columns)
    .where("reservation_id", "in", [...byId.keys()])
    .execute();
  const ordered = await database
    .selectFrom("orders")
    .select([...columns, "quantity"])
    .where("reservation_id", "in", [...byId.keys()])
    .execute();
  // A rejection does not say how many units were asked for.
  for (const row of [...rejected.map((rejection) => ({ ...rejection, quantity: undefined })), ...ordered]) {
    const request = byId.get(row.reservation_id)!;
    decided.set(row.reservation_id, {
      ...request,
      ...{ saleId: row.sale_id ?? "", productId: row.product_id ?? "", userId: row.user_id ?? "" },
      quantity: row.quantity ?? request.quantity,
    });
  }
  return decided;
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
