import { InvitationCodes } from "../authorization/invitation-codes.ts";
import { maxNameKeyLength, nameKey } from "../domain/user.ts";
import type { LedgerInvitationCodes, RecordedCode } from "../ledger/invitation-codes.ts";
import { InvalidSaleError } from "../ledger/ledger-errors.ts";
import type { LedgerRevocations } from "../ledger/revocations.ts";
import type { LedgerSales } from "../ledger/sales.ts";
import type { LedgerWaiters } from "../ledger/waiters.ts";
import { knownSale } from "./sale-service.ts";

export interface CodeServiceParts {
  readonly invitationCodes: LedgerInvitationCodes;
  readonly revocations: Pick<LedgerRevocations, "revokeUser">;
  readonly sales: Pick<LedgerSales, "read">;
  readonly waiters: Pick<LedgerWaiters, "leave">;
}

export interface MadeCode {
  readonly number: number;
  /** As it was given. */
  readonly name?: string;
  readonly code: string;
}

/** So many for whoever comes with them, or one for each of these names. */
export type WantedCodes = { readonly count: number } | { readonly names: readonly string[] };

const pageSize = 1_000;

/** What operators do with the codes of sales for invited users. */
export class CodeService {
  readonly #parts: CodeServiceParts;

  constructor(parts: CodeServiceParts) {
    this.#parts = parts;
  }

  /** @throws InvalidSaleError */
  async make(saleId: string, wanted: WantedCodes, actor: string): Promise<MadeCode[]> {
    const names = "names" in wanted ? wanted.names : undefined;
    const nameKeys =
      names?.map(keyOfName) ?? new Array<undefined>("count" in wanted ? wanted.count : 0).fill(undefined);
    const { key, first } = await this.#parts.invitationCodes.make({ saleId, nameKeys, actor });
    const codes = new InvitationCodes(key, saleId);
    return nameKeys.map((nameKey, index) => {
      const number = first + index;
      const name = names?.[index];
      return { number, ...(name !== undefined && { name }), code: codes.write({ number, nameKey }) };
    });
  }

  /**
   * Also ends the sessions of the user who had used the code, and with them the tokens, and takes the user out of the
   * waiting lists of the sale: an offer needs no token. Repeating it does so again.
   * @throws InvalidSaleError if there is no such code
   */
  async revoke(
    saleId: string,
    number: number,
    actor: string,
  ): Promise<{ readonly number: number; readonly user?: string }> {
    const outcome = await this.#parts.invitationCodes.revoke(saleId, number, actor);
    if (outcome.kind === "unknown") throw new InvalidSaleError(`sale ${saleId}: there is no code ${number}`);
    const { userId } = outcome;
    if (userId === undefined) return { number };
    const { revocations, sales, waiters } = this.#parts;
    await revocations.revokeUser(userId, "invitation");
    for (const { id } of (await sales.read(saleId))?.products ?? []) await waiters.leave(id, userId);
    return { number, user: userId };
  }

  /** @throws UnknownSaleError */
  async list(saleId: string): Promise<RecordedCode[]> {
    knownSale(saleId, await this.#parts.sales.read(saleId));
    const all: RecordedCode[] = [];
    for (;;) {
      const page = await this.#parts.invitationCodes.list(saleId, all.at(-1)?.number ?? 0, pageSize);
      all.push(...page);
      if (page.length < pageSize) return all;
    }
  }
}

function keyOfName(name: string): string {
  const key = nameKey(name);
  if (key !== "" && key.length <= maxNameKeyLength) return key;
  throw new InvalidSaleError(`the name ${JSON.stringify(name.slice(0, 100))} is not one that a user can have`);
}
