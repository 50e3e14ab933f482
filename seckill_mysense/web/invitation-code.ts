import { call } from "./api.ts";
import { button, element, input, setText, show } from "./elements.ts";
import { state } from "./page-state.ts";

/** Whether the user of the session may buy in the shown sale; undefined while that is not known. */
interface Invited {
  readonly saleID: string | undefined;
  readonly userID: string | undefined;
  invited: boolean | undefined;
}

let known: Invited = { saleID: undefined, userID: undefined, invited: undefined };

/** Whether the user may buy as far as invitations go: also in a sale that is for everybody. */
export function isInvited(): boolean {
  return state.offer?.sale.invitedOnly !== true || known.invited === true;
}

/** Shows the field for the code to a user who needs one. */
export function showCodeForm(): void {
  const sale = state.offer?.sale;
  show("code-form", known.invited === false && state.user !== undefined && sale?.invitedOnly === true);
  setText("code-hint", `${sale?.title ?? "This sale"} is for invited people. A code is for one account.`);
}

/** A link such as /check#code=...&saleID=spring. What stands behind # reaches no log. */
const link = (): URLSearchParams => new URLSearchParams(location.hash.slice(1));

/** The sale that the link of a code is for. Null: it names none. */
export function linkedSaleId(): string | null {
  return link().get("saleID");
}

function linkedCode(shownId: string): string | null {
  return (linkedSaleId() ?? shownId) === shownId ? link().get("code") : null;
}

/** Asks whether the user is invited, and hands in the code of the link. */
export async function followInvitation(onNews: () => void): Promise<void> {
  const sale = state.offer?.sale;
  const [saleID, userID] = [sale?.invitedOnly === true ? sale.id : undefined, state.user?.userID];
  if (known.saleID === saleID && known.userID === userID) return;
  const asked: Invited = { saleID, userID, invited: undefined };
  known = asked;
  if (saleID === undefined || userID === undefined) return;
  const answer = await call("GET /api/invitation-code", { query: { saleID } });
  if (known !== asked) return;
  if (!("ok" in answer)) {
    // The next look at the sale asks again.
    known = { saleID: undefined, userID: undefined, invited: undefined };
    return;
  }
  asked.invited = answer.ok.invited;
  const code = linkedCode(saleID);
  if (code !== null) input("code").value = code;
  if (!asked.invited && code !== null) await handIn(onNews);
  else onNews();
}

export function watchCodeForm(onNews: () => void): void {
  element("code-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void handIn(onNews);
  });
}

async function handIn(onNews: () => void): Promise<void> {
  const asked = known;
  const code = input("code").value.trim();
  if (asked.saleID === undefined || code === "") return;
  setText("code-error", "");
  button("code-submit").disabled = true;
  const answer = await call("POST /api/invitation-code", { body: { saleID: asked.saleID, code } });
  button("code-submit").disabled = false;
  if (known !== asked) return;
  if ("ok" in answer) {
    asked.invited = true;
    input("code").value = "";
  } else setText("code-error", answer.refused.message);
  input("code").setAttribute("aria-invalid", String(!("ok" in answer)));
  onNews();
}
