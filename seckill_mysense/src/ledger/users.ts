import type { RegisteredUser, User } from "../domain/user.ts";

/** The registered buyers. */
export interface LedgerUsers {
  /**
   * "taken" when the name exists (names compare without case), "person_taken" when the person has another account. Throws
   * `InvalidUserError`.
   */
  create(user: User): Promise<"created" | "taken" | "person_taken">;
  findByName(name: string): Promise<RegisteredUser | undefined>;
}
