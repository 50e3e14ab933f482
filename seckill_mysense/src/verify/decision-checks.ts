import { resultOf, type InvariantResult } from "./verification-report.ts";
import type { SaleView } from "./sale-view.ts";

/** I5: no accepted reservation is still on its way, and no client still waits for an answer. */
export function checkDecided({ products, queue, told }: SaleView, atRest: boolean): InvariantResult {
  if (!atRest) return { status: "not_asked", why: "the sale is running" };
  const statuses = products.flatMap(({ gate }) => (gate === undefined ? [] : [gate]));
  if (statuses.length === 0 && queue === undefined && told === undefined) {
    return { status: "not_asked", why: "neither gate, nor queue, nor a record of what clients were told" };
  }
  const findings: string[] = [];
  for (const { audit, gate } of products) {
    const waiting = gate?.outboxLength ?? 0;
    if (waiting > 0) findings.push(`product ${audit.product.id}: ${waiting} reservations are in the gate's outbox`);
  }
  if (queue !== undefined && queue.ready > 0) findings.push(`${queue.ready} reservations are in the queue`);
  findings.push(...(told?.undecided ?? []));
  const sources = [
    ...(statuses.length > 0 ? ["the gate's outboxes"] : []),
    ...(queue === undefined ? [] : ["the queue"]),
    ...(told === undefined ? [] : [`${told.accepted} accepted reservations`]),
  ];
  return resultOf(findings, sources.join(", "));
}
