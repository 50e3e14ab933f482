import type { ProductTotals } from "../domain/order.ts";
import type { QueueDepth } from "../queue/queue.ts";

export const invariants = {
  I1: "never oversold",
  I2: "no user over the limit",
  I3: "one reservation, one answer",
  I4: "told won only for a committed order",
  I5: "every accepted reservation is decided",
  I6: "conservation of units",
  I7: "each unit returns at most once",
  I8: "no undersell",
  I9: "no money without a unit, no unit without money",
  I10: "a bundle is whole, or holds nothing",
} as const;

export type InvariantId = keyof typeof invariants;

export type InvariantResult =
  /** `checked` names the data that was compared. */
  | { readonly status: "ok"; readonly checked: string }
  | { readonly status: "violated"; readonly count: number; readonly examples: readonly string[] }
  /** It should have been checked, but could not be: at rest this counts as a failure. */
  | { readonly status: "not_checked"; readonly why: string }
  /** The caller gave no source to check it with, or the check is for a sale at rest. */
  | { readonly status: "not_asked"; readonly why: string };

/** The units of one product, by the place where they are. */
export interface ProductFigures extends ProductTotals {
  readonly productId: string;
  /** Units that the gate can still give away. */
  readonly available?: number;
  /** Accepted reservations that wait in the gate's outbox. */
  readonly outbox?: number;
  readonly pendingReturns: number;
  readonly rejected: number;
}

export interface VerificationReport {
  readonly saleId: string;
  /** Whether `outcome` is "holds". */
  readonly ok: boolean;
  /** `unchecked`: nothing is violated, but at rest something could not be checked. */
  readonly outcome: "holds" | "violated" | "unchecked";
  readonly products: readonly ProductFigures[];
  readonly queue?: QueueDepth;
  readonly results: Readonly<Record<InvariantId, InvariantResult>>;
}

const maxExamples = 10;

/** `violated` when there are findings, otherwise `ok`. */
export function resultOf(findings: readonly string[], checked: string): InvariantResult {
  if (findings.length === 0) return { status: "ok", checked };
  return { status: "violated", count: findings.length, examples: findings.slice(0, maxExamples) };
}

const headlines = {
  holds: "no invariant is violated",
  violated: "INVARIANTS ARE VIOLATED",
  unchecked: "no invariant is violated, BUT NOT ALL COULD BE CHECKED",
} as const;

/** The report as text, for a terminal. */
export function renderReport(report: VerificationReport): string {
  const lines = [`sale ${report.saleId}: ${headlines[report.outcome]}`];
  for (const product of report.products) lines.push(`  ${renderProduct(product)}`);
  if (report.queue !== undefined) {
    lines.push(`  queue: ${report.queue.ready} waiting, ${report.queue.unacknowledged} in the hands of consumers`);
  }
  for (const id of Object.keys(invariants) as InvariantId[]) lines.push(...renderResult(id, report.results[id]));
  return lines.join("\n");
}

function renderProduct(product: ProductFigures): string {
  const { productId, total, reserved, sold, available, outbox, pendingReturns, rejected } = product;
  const gate = available === undefined ? "" : `, at the gate ${available}, in its outbox ${outbox}`;
  const rest = `going back ${pendingReturns}, rejected ${rejected}`;
  return `product ${productId}: total ${total}, reserved ${reserved}, sold ${sold}${gate}, ${rest}`;
}

function renderResult(id: InvariantId, result: InvariantResult): string[] {
  const name = `${id} ${invariants[id]}`;
  if (result.status === "ok") return [`  ok           ${name} (${result.checked})`];
  if (result.status === "not_checked") return [`  NOT CHECKED  ${name}: ${result.why}`];
  if (result.status === "not_asked") return [`  not asked    ${name}: ${result.why}`];
  const examples = result.examples.map((example) => `                 ${example}`);
  const more = result.count > examples.length ? [`                 and ${result.count - examples.length} more`] : [];
  return [`  VIOLATED     ${name}`, ...examples, ...more];
}
