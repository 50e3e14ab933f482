import type { MysqlDatabase } from "../../../tools/test-services/index.ts";
import { waitUntil } from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import { buyerWithToken, type TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct } from "../fakes/test-gateway.ts";
import { type RunningProgram, runProgram } from "../roles/program.ts";

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

/** Runs the verifier until it finds every reservation decided and every invariant kept. Gives its report. */
export async function verifiedAtRest(configFile: string): Promise<string> {
  let report = "";
  const isAtRest = async (): Promise<boolean> => {
    const { code, stdout, stderr } = await runProgram(["verify", "--at-rest", "--config", configFile]);
    report = stdout + stderr;
    return code === 0;
  };
  await waitUntil(isAtRest, { what: "the sale to be at rest", timeoutMs: 30_000 }).catch((error: Error) => {
    throw new Error(`${error.message}:\n${report}`);
  });
  return report;
}
