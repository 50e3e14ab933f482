import { expect, test } from "bun:test";
import { join } from "node:path";
import { sqliteLedger } from "../../src/ledger/sqlite-ledger.ts";
import { recordOrders } from "../contract/ledger/ledger-fixtures.ts";
import { eventOf, openPayment } from "../contract/ledger/payment-fixtures.ts";
import { configFolder, runProgram } from "./program.ts";

test("refunds that the provider cannot make are listed, sent again, or settled elsewhere", async () => {
  const { folder, configFile } = configFolder({ sale: { demo: false } });
  const refunds = (...words: string[]) => runProgram(["refunds", ...words, "--config", configFile]);
  expect(await refunds("list")).toMatchObject({ code: 0, stdout: "no refunds are held\n" });

  const ledger = sqliteLedger({ file: join(folder, "data/ledger.sqlite") });
  const { orders } = await recordOrders(ledger, 2);
  const nowMs = Date.now();
  const payments = await Promise.all(orders.map((one) => openPayment(ledger, one.reservationId, nowMs)));
  for (const { id, reservationId } of payments) {
    const payment = (await ledger.payments.read(id))!;
    await ledger.payments.apply(eventOf(payment, "succeeded"));
    await ledger.payments.callOff(reservationId);
    await ledger.payments.markRefundFailed(id, { error: "the account is closed", tryAtMs: nowMs, isHeld: true });
  }
  await ledger.close();

  const [first, second] = payments.map(({ id }) => id) as [string, string];
  const list = async (state: string) => {
    const { stdout } = await refunds("list", "--state", state, "--json");
    return (JSON.parse(stdout) as { paymentId: string }[]).map(({ paymentId }) => paymentId);
  };
  expect((await list("held")).toSorted()).toEqual([first, second].toSorted());
  expect((await refunds("list")).stdout).toContain("9900 EUR  order_called_off  the account is closed");
  expect((await refunds("retry", first)).code).toBe(0);
  expect([await list("held"), await list("waiting")]).toEqual([[second], [first]]);
  expect((await refunds("done", second, "--by", "Ada", "--note", "by bank")).code).toBe(0);
  expect([await list("held"), await list("done")]).toEqual([[], [second]]);
  const again = await refunds("done", second, "--note", "twice");
  expect([again.code, again.stdout]).toEqual([1, expect.stringContaining("it was done by Ada at ")]);
  const unknown = await refunds("retry", "nothing");
  expect([unknown.code, unknown.stdout]).toEqual([1, "there is no refund of the payment nothing\n"]);
}, 60_000);
