import type { MysqlDatabase } from "../../../tools/test-services/index.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { openLedger } from "../../src/roles/system-parts.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import { systemClock } from "../../src/time/clock.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { buyerWithToken, type TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { type RunningProgram, runProgram } from "../roles/program.ts";
import { whatAskersWereTold } from "../simulation/crowd.ts";
import { expectTruth } from "./expect-truth.ts";

/** Creates an open sale of `testProduct` with this many units. */
export async function openSale(mysql: MysqlDatabase, total: number): Promise<void> {
  const ledger = mysqlLedger(mysql);
  await ledger.migrate();
  const sale = { id: "spring", title: "Spring", startsAtMs: Date.now(), endsAtMs: Date.now() + 3_600_000 };
  await ledger.sales.create(sale, [{ ...testProduct, total }]);
  await ledger.close();
}

export interface Purchase {
  readonly buyer: TestBuyer;
  readonly bearer: string;
  readonly status: number;
  /** The reservation. */
  readonly id: string;
}

/** One who has asked, with the last answer. */
export type Asker = Pick<Purchase, "bearer" | "status" | "id">;

/** One new buyer asks for a unit. */
export async function buyOne({ url }: RunningProgram, name: string): Promise<Purchase> {
  const [buyer, bearer] = await buyerWithToken(url, name, testProduct.id);
  const answer = await buyer.check(testProduct.id, bearer);
  return { buyer, bearer, status: answer.status, id: answer.body.reservation };
}

/** Waits until the buyer is told this status of the reservation. */
export async function untilTold({ buyer, bearer, id }: Purchase, status: string, timeoutMs = 30_000): Promise<void> {
  const path = `/api/reservations/${id}?productID=${testProduct.id}`;
  await waitUntil(async () => (await buyer.send("GET", path, { bearer })).body.status === status, {
    what: `reservation ${id} to be ${status}`,
    timeoutMs,
    intervalMs: 100,
  });
}

/** What the buyers are told by this gateway in the end, those who were refused among them. */
export function toldTo({ url }: RunningProgram, purchases: readonly Asker[]): Promise<ToldAnswer[]> {
  const asked = purchases.map(({ bearer, status, id }) => {
    return { token: bearer, held: status === 202 || status === 200 ? id : undefined };
  });
  return whatAskersWereTold(() => url, asked);
}

/**
 * Runs the verifier until it finds every reservation decided and every invariant kept, and then judges by the ledger what
 * each client was told. Gives the report.
 */
export async function verifiedAtRest(configFile: string, told: readonly ToldAnswer[]): Promise<string> {
  let report = "";
  const isAtRest = async (): Promise<boolean> => {
    const { code, stdout, stderr } = await runProgram(["verify", "--at-rest", "--config", configFile]);
    report = stdout + stderr;
    return code === 0;
  };
  await waitUntil(isAtRest, { what: "the sale to be at rest", timeoutMs: 30_000 }).catch((error: Error) => {
    throw new Error(`${error.message}:\n${report}`);
  });
  const ledger = openLedger(loadSettings(configFile, {}), systemClock.now);
  try {
    await expectTruth(ledger, told);
  } finally {
    await ledger.close();
  }
  return report;
}
