import { userInfo } from "node:os";
import type { RefundRecord } from "../domain/payment.ts";
import type { LedgerPayments } from "../ledger/payments.ts";
import type { Settings } from "../settings/settings.ts";
import type { Clock } from "../time/clock.ts";
import type { Task } from "./task.ts";
import { openLedger, prepareLedger } from "./system-parts.ts";

export interface RefundsRoleOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly task: Extract<Task, { kind: "refunds" }>;
  readonly print: (text: string) => void;
}

const maxListed = 1_000;

/**
 * Shows refunds, and settles those that a provider cannot make. They are in the ledger, so the system may be running or
 * stopped.
 * @returns whether it did what was asked
 */
export async function handleRefunds(options: RefundsRoleOptions): Promise<boolean> {
  const { settings, clock } = options;
  const ledger = openLedger(settings, clock.now);
  try {
    await prepareLedger(ledger, settings);
    return await act(ledger.payments, options);
  } finally {
    await ledger.close();
  }
}

async function act(payments: LedgerPayments, { task, print }: RefundsRoleOptions): Promise<boolean> {
  const { action, id = "", state, json } = task;
  if (action === "list") {
    const refunds = await payments.listRefunds(state, maxListed);
    print(json ? JSON.stringify(refunds.map(describe), undefined, 2) : renderList(refunds, state));
    return true;
  }
  const isDone =
    action === "retry"
      ? await payments.retryRefund(id)
      : await payments.settleRefund(id, { by: task.by ?? userInfo().username, note: task.note ?? "" });
  const message = isDone ? done[action] : await whyNot(payments, id);
  print(json ? JSON.stringify({ result: isDone ? "done" : "not_done", message }) : message);
  return isDone;
}

const done = {
  retry: "the refund is sent again, by the role sweeper",
  done: "the refund counts as done: the money went back elsewhere",
} as const;

async function whyNot(payments: LedgerPayments, id: string): Promise<string> {
  const refund = await payments.readRefund(id);
  if (refund === undefined) return `there is no refund of the payment ${id}`;
  const { refundedAtMs = 0, settledBy } = refund;
  const who = settledBy === undefined ? "the provider" : settledBy;
  return `it was done by ${who} at ${new Date(refundedAtMs).toISOString()}`;
}

function describe({ requestedAtMs, tryAtMs, heldAtMs, refundedAtMs, ...refund }: RefundRecord) {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    ...refund,
    requestedAt: iso(requestedAtMs),
    ...(refund.state === "waiting" && { tryAt: iso(tryAtMs) }),
    ...(heldAtMs !== undefined && { heldAt: iso(heldAtMs) }),
    ...(refundedAtMs !== undefined && { refundedAt: iso(refundedAtMs) }),
  };
}

function renderList(refunds: readonly RefundRecord[], state: string): string {
  if (refunds.length === 0) return `no refunds are ${state}`;
  const lines = refunds.map(
    ({ paymentId, requestedAtMs, provider, amountMinor, currency, reason, lastError = "-" }) => {
      const money = `${amountMinor} ${currency}`;
      return `${paymentId}  ${new Date(requestedAtMs).toISOString()}  ${provider}  ${money}  ${reason}  ${lastError}`;
    },
  );
  return lines.join("\n");
}
