import { InvitationCodes } from "../authorization/invitation-codes.ts";
import type { Session } from "../authorization/sessions.ts";
import type { Sale } from "../domain/sale.ts";
import { nameKey } from "../domain/user.ts";
import type { CodeOutcome, LedgerInvitationCodes } from "../ledger/invitation-codes.ts";
import { LabelCounts } from "./gateway-metrics.ts";

type Use = "code_invalid" | "code_not_yours" | "code_revoked" | "code_taken";
type SaleForUsers = Pick<Sale, "id" | "invitedOnly">;

export interface InvitedUsersParts {
  readonly codes: Pick<LedgerInvitationCodes, "key" | "use" | "isInvited">;
}

const failures: Partial<Record<CodeOutcome, Use>> = {
  taken: "code_taken",
  revoked: "code_revoked",
  unknown: "code_invalid",
};

/**
 * Who may buy in sales for invited users. A text that is no code of the sale costs a MAC and no question to the ledger. Who
 * is invited is asked for each token, so that a code that is revoked counts at once.
 */
export class InvitedUsers {
  readonly #parts: InvitedUsersParts;
  /** As long as the catalogue has the sale as it is: a sale that was made again has another key. */
  readonly #codes = new WeakMap<SaleForUsers, Promise<InvitationCodes | undefined>>();
  readonly #counts = new LabelCounts();

  constructor(parts: InvitedUsersParts) {
    this.#parts = parts;
  }

  /** What became of codes that were handed in, and how many asked for a token, or a place, without one (`missing`). */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts.counts;
  }

  async mayBuy({ id, invitedOnly }: SaleForUsers, { userId }: Pick<Session, "userId">): Promise<boolean> {
    return invitedOnly !== true || this.#parts.codes.isInvited(id, userId);
  }

  /** What stands in front of tokens, rooms and waiting lists. Undefined for those who may go on. */
  async refusal(
    sale: SaleForUsers,
    session: Pick<Session, "userId">,
  ): Promise<{ readonly failure: "code_required" } | undefined> {
    if (await this.mayBuy(sale, session)) return undefined;
    this.#counts.add("missing");
    return { failure: "code_required" };
  }

  /** Undefined if the user may buy from now on. */
  async use(
    sale: SaleForUsers,
    { userId, name }: Pick<Session, "userId" | "name">,
    text: string,
  ): Promise<Use | undefined> {
    if (sale.invitedOnly !== true) return undefined;
    const codes = await this.#codesOf(sale);
    const code = codes?.read(text) ?? "token_unknown_key";
    if (typeof code === "string") {
      this.#counts.add(code.replace("token_", ""));
      return "code_invalid";
    }
    if (code.nameKey !== undefined && code.nameKey !== nameKey(name)) {
      this.#counts.add("not_yours");
      return "code_not_yours";
    }
    const outcome = await this.#parts.codes.use({ saleId: sale.id, userId, number: code.number });
    this.#counts.add(outcome);
    return failures[outcome];
  }

  #codesOf(sale: SaleForUsers): Promise<InvitationCodes | undefined> {
    const known = this.#codes.get(sale);
    if (known !== undefined) return known;
    const reading = this.#parts.codes.key(sale.id).then((key) => key && new InvitationCodes(key, sale.id));
    this.#codes.set(sale, reading);
    reading.catch(() => this.#codes.delete(sale));
    return reading;
  }
}
