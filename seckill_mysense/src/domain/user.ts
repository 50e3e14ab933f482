/** A registered buyer. */
export interface User {
  readonly id: string;
  readonly name: string;
  /** argon2id in PHC string form; never leaves the server. */
  readonly passwordHash: string;
  readonly createdAtMs: number;
}
