import { call } from "./api.ts";
import { button, setText } from "./elements.ts";

/** How long the button says that it did not work. */
const toldMs = 5_000;

/** The button with which a user logs out; it reports when the session is over. */
export function watchLogOut(onLoggedOut: () => void): void {
  button("log-out").addEventListener("click", () => void logOut(onLoggedOut));
}

async function logOut(onLoggedOut: () => void): Promise<void> {
  const answer = await call("DELETE /api/session");
  if (!("refused" in answer)) {
    onLoggedOut();
    return;
  }
  // The session goes on, and the user must know.
  setText("log-out", "Not logged out: try again");
  setTimeout(() => setText("log-out", "Log out"), toldMs);
}
