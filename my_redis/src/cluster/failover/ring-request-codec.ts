import type { ChangeOutcome, RingPlan, RingRequest } from "../agreement/ring-change.ts";
import type { RingStatus } from "./ring-status.ts";

/** What an operator asks of the leader, by way of any member. */
export type OperatorRequest =
  | { readonly type: "status" }
  /** `isDryRun`: only says what would happen. */
  | { readonly type: "change"; readonly request: RingRequest; readonly isDryRun: boolean };

export type OperatorAnswer =
  | { readonly type: "status"; readonly status: RingStatus }
  | { readonly type: "planned"; readonly plan: RingPlan }
  | ChangeOutcome;

export const encodeJson = (value: OperatorRequest | OperatorAnswer): Uint8Array =>
  Buffer.from(JSON.stringify(value), "utf8");

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const isText = (value: unknown): boolean => typeof value === "string";

/** Whether this is a request that a node may send for an operator. A leader alone lays out slots. */
function isRingRequest(value: unknown): value is RingRequest {
  if (typeof value !== "object" || value === null) return false;
  const { type, seat, node, nodes, weight, weights } = value as Record<string, unknown>;
  if (type === "rebalance" || type === "cancel") return true;
  if (type === "leave" || type === "giveUp") return isText(seat);
  if (type === "dismiss") return isText(node);
  if (type === "replicate") return isText(seat) && isText(node);
  if (type === "join") {
    const isWeight = weight === undefined || typeof weight === "number";
    return isText(seat) && Array.isArray(nodes) && nodes.every(isText) && isWeight;
  }
  const isTable = type === "weights" && typeof weights === "object" && weights !== null;
  return isTable && Object.values(weights).every((each) => typeof each === "number");
}

/** Undefined when the bytes are none. */
export function decodeRequest(bytes: Uint8Array): OperatorRequest | undefined {
  const { type, request, isDryRun } = parse(bytes);
  if (type === "status") return { type };
  if (type !== "change" || !isRingRequest(request) || typeof isDryRun !== "boolean") return undefined;
  return { type, request, isDryRun };
}

/** Undefined when the bytes are none. */
export function decodeAnswer(bytes: Uint8Array): OperatorAnswer | undefined {
  const answer = parse(bytes);
  const types: readonly unknown[] = ["status", "planned", "begun", "busy", "refused"];
  return types.includes(answer["type"]) ? (answer as unknown as OperatorAnswer) : undefined;
}
