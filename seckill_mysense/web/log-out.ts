import { call } from "./api.ts";
import { button } from "./elements.ts";

/** By the id of the button. */
const logOuts = { "log-out": "DELETE /api/session", "log-out-everywhere": "DELETE /api/sessions" } as const;
/** How long a button says that it did not work. */
const toldMs = 5_000;

/** The buttons with which a user logs out; it reports when the session is over. */
export function watchLogOut(onLoggedOut: () => void): void {
  for (const [id, endpoint] of Object.entries(logOuts)) {
    const pressed = button(id);
    const label = pressed.textContent;
    pressed.addEventListener("click", () => void logOut(endpoint));

    async function logOut(of: (typeof logOuts)[keyof typeof logOuts]): Promise<void> {
      const answer = await call(of);
      // A session that is over already needs no log-out. After any other refusal it goes on, and the user must know.
      if (!("refused" in answer) || answer.status === 401) {
        onLoggedOut();
        return;
      }
      pressed.textContent = "Not logged out: try again";
      setTimeout(() => (pressed.textContent = label), toldMs);
    }
  }
}
