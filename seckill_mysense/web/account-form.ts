import type { SessionUser } from "../src/contract/accounts.ts";
import { type Answer, call } from "./api.ts";
import { button, element, input, setText, show } from "./elements.ts";
import { callWithWork, doWork, workText } from "./work.ts";

/** The form to register or log in; it reports the user who did. */
export function watchAccountForm(onLogin: (user: SessionUser) => void): void {
  const form = element("account-form") as HTMLFormElement;
  // Only for these fields. If the error were cleared when a field loses the focus, the button would move away during
  // the click that took the focus.
  form.querySelector(".tabs")?.addEventListener("change", () => showMode(modeOf(form)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit(form, onLogin);
  });
}

/** Proposes to log in: nobody needs a new account any more. */
export function proposeLogIn(): void {
  const login = element("account-form").querySelector<HTMLInputElement>("input[value=login]");
  if (login === null || login.checked) return;
  login.checked = true;
  showMode("login");
}

type Mode = "register" | "login";

function modeOf(form: HTMLFormElement): Mode {
  return new FormData(form).get("mode") === "login" ? "login" : "register";
}

function showMode(mode: Mode): void {
  setText("account-submit", mode === "login" ? "Log in" : "Register");
  show("password-hint", mode === "register");
  input("password").autocomplete = mode === "login" ? "current-password" : "new-password";
  showError("");
}

async function submit(form: HTMLFormElement, onLogin: (user: SessionUser) => void): Promise<void> {
  const mode = modeOf(form);
  const name = input("name").value.trim();
  const password = input("password").value;
  const problem = problemWith(name, password, mode);
  if (problem !== undefined) {
    showError(problem.text, problem.field);
    return;
  }
  showError("");
  button("account-submit").disabled = true;
  const answer = mode === "login" ? await logIn(name, password) : await register(name, password);
  setText("work-hint", "");
  button("account-submit").disabled = false;
  if ("ok" in answer) {
    form.reset();
    showMode("register");
    onLogin(answer.ok);
  } else {
    showError(answer.refused.message, answer.refused.error === "name_taken" ? "name" : undefined);
  }
}

/** Others may have registered from the same network meanwhile: then the shop asks for more work. */
const tries = 3;

async function register(name: string, password: string): Promise<Answer<"POST /api/users">> {
  const invited = invitation();
  // Whoever is invited has nothing to compute.
  if ("invitation" in invited) return call("POST /api/users", { body: { name, password, ...invited } });
  for (let left = tries; ; left--) {
    const asked = await call("GET /api/work", { query: { name } });
    if ("refused" in asked) return asked;
    const work = asked.ok === null ? undefined : await doWork(asked.ok, showRegistrationWork);
    const answer = await call("POST /api/users", { body: { name, password, ...(work !== undefined && { work }) } });
    const isTooLittle = "refused" in answer && answer.refused.error === "work_invalid";
    if (!isTooLittle || left === 1) return answer;
  }
}

const showRegistrationWork = (secondsLeft: number): void =>
  setText("work-hint", workText("so that nobody registers thousands", secondsLeft));

const showLoginWork = (secondsLeft: number): void =>
  setText("work-hint", workText("so that nobody guesses passwords by the thousand", secondsLeft));

function logIn(name: string, password: string): Promise<Answer<"POST /api/session">> {
  return callWithWork(
    (work) => call("POST /api/session", { body: { name, password, ...work } }),
    () => call("GET /api/work", { query: { name, action: "login" } }),
    showLoginWork,
  );
}

/** From a link such as /check#invitation=...: what stands behind # reaches no server and no log. */
function invitation(): { invitation?: string } {
  const found = new URLSearchParams(location.hash.slice(1)).get("invitation");
  return found === null ? {} : { invitation: found };
}

function problemWith(
  name: string,
  password: string,
  mode: Mode,
): { text: string; field: "name" | "password" } | undefined {
  if (name.length < 2) return { text: "A name has 2 characters or more.", field: "name" };
  if (mode === "register" && password.length < 8)
    return { text: "A password has 8 characters or more.", field: "password" };
  if (password === "") return { text: "Enter your password.", field: "password" };
  return undefined;
}

function showError(text: string, field?: "name" | "password"): void {
  setText("form-error", text);
  for (const id of ["name", "password"] as const) {
    input(id).setAttribute("aria-invalid", String(id === field));
    if (id === field) input(id).focus();
  }
}
