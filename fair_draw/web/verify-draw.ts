import { type Check, MalformedDraw, type Outcome, type Report } from "../index.ts";
import { checkFile } from "./check-file.ts";

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
}

const form = element("check");
const file = element("file") as HTMLInputElement;
const submit = element("submit") as HTMLButtonElement;
const progress = element("progress") as HTMLProgressElement;
const problem = element("problem");
const result = element("result");
const textOf = (id: string): string => (element(id) as HTMLTextAreaElement).value;

/** Words, so that nobody has to see a colour. */
const outcomes: Readonly<Record<Outcome, string>> = { ok: "ok", failed: "failed", "not provable": "not provable" };

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void checkAndShow();
});

async function checkAndShow(): Promise<void> {
  const chosen = file.files?.[0];
  result.hidden = true;
  problem.textContent = "";
  if (chosen === undefined) {
    problem.textContent = "Choose the file of the draw first.";
    file.focus();
    return;
  }
  submit.disabled = true;
  progress.hidden = false;
  progress.value = 0;
  try {
    const pasted = { receipt: textOf("receipt"), announcement: textOf("announcement"), head: textOf("head") };
    showReport(
      await checkFile(chosen, pasted, (bytes) => {
        progress.value = bytes / chosen.size;
      }),
    );
  } catch (error) {
    const isOfFile = error instanceof MalformedDraw || error instanceof DOMException;
    problem.textContent = isOfFile ? error.message : `The check ended with a mistake of this page: ${String(error)}`;
  } finally {
    submit.disabled = false;
    progress.hidden = true;
  }
}

/** What comes from files is always shown as text, never as markup. */
function showReport({ verdict, room, entries, drawn, mode, checks, receipts, notProved }: Report): void {
  result.dataset["verdict"] = verdict;
  element("verdict").textContent =
    verdict === "ok" ? "All that can be checked fits together" : "Something is wrong with this draw";
  const draw = mode === "draw" ? `${drawn} of them drawn` : "without a draw";
  element("room").textContent = `${room}: ${entries} entries, ${draw}`;
  // A place in a draw that is wrong means nothing.
  const place = verdict === "ok" ? receipts[0]?.place : undefined;
  element("place").hidden = place === undefined;
  element("place-number").textContent = String(place ?? "");
  element("checks").replaceChildren(...checks.map(rowOf));
  element("not-proved").replaceChildren(...notProved.map((each) => withText("li", each)));
  result.hidden = false;
  result.focus();
}

function rowOf({ name, outcome, detail }: Check): HTMLElement {
  const item = document.createElement("li");
  item.dataset["outcome"] = outcome;
  item.append(withText("b", outcomes[outcome]), withText("span", name), withText("small", detail));
  return item;
}

function withText(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
