import type { Ledger } from "../../src/ledger/ledger.ts";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";

/** A real ledger, whose ports a test can make fail. */
export interface TestLedger extends Ledger {
  /** While it is set, every call of a port rejects with it. */
  failure: Error | undefined;
}

/** In memory unless there is a file. */
export async function openTestLedger(now: () => number, file = ":memory:"): Promise<TestLedger> {
  const ledger = sqliteLedger({ file, now, databaseNow: now });
  await ledger.migrate();
  const failing = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) =>
          opened.failure === undefined ? method.apply(target, args) : Promise.reject(opened.failure);
      },
    });
  const opened: TestLedger = {
    failure: undefined,
    sales: failing(ledger.sales),
    changes: failing(ledger.changes),
    users: failing(ledger.users),
    orders: failing(ledger.orders),
    payments: failing(ledger.payments),
    returns: failing(ledger.returns),
    gates: failing(ledger.gates),
    waiters: failing(ledger.waiters),
    bundles: failing(ledger.bundles),
    audit: failing(ledger.audit),
    deadLetters: failing(ledger.deadLetters),
    heartbeats: failing(ledger.heartbeats),
    programRequests: failing(ledger.programRequests),
    reservations: failing(ledger.reservations),
    revocations: failing(ledger.revocations),
    rooms: failing(ledger.rooms),
    invitationCodes: failing(ledger.invitationCodes),
    migrate: () => ledger.migrate(),
    checkSchema: () => ledger.checkSchema(),
    durabilityRisk: () => ledger.durabilityRisk(),
    close: () => ledger.close(),
  };
  return opened;
}
