import type { TransactionResult } from "./coordinator.ts";
import type { Operation, TakenValue } from "./transaction-message.ts";

/** The operations of one write, whoever owns the keys. */
export interface WritePlan {
  readonly database: number;
  /** Prepared everywhere at the same time. */
  readonly first: readonly Operation[];
  /** Prepared after that, from the value that "take" handed over. */
  readonly second?: { readonly key: Uint8Array; operation(taken: TakenValue): Operation };
}

/** Carries writes of several owners out, all of it or nothing. */
export interface Writes {
  /** `done` is called once, later. */
  begin(plan: WritePlan, done: (result: TransactionResult) => void): void;
}

/** The operations of each owner; undefined when a key has none. */
export function sharesOf<Owner>(
  operations: readonly Operation[],
  ownerOf: (key: Uint8Array) => Owner | undefined,
): ReadonlyMap<Owner, readonly Operation[]> | undefined {
  const shares = new Map<Owner, Operation[]>();
  for (const operation of operations) {
    const owner = ownerOf(operation.key);
    if (owner === undefined) return undefined;
    const own = shares.get(owner);
    if (own === undefined) shares.set(owner, [operation]);
    else own.push(operation);
  }
  return shares;
}
