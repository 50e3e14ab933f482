import type { RegisteredUser, User } from "../domain/user.ts";

/** The registered buyers. */
export interface LedgerUsers {
  /** "taken" when the name exists (names compare without case). Throws `InvalidUserError`. */
  create(user: User): Promise<"created" | "taken">;
  findByName(name: string): Promise<RegisteredUser | undefined>;
}
