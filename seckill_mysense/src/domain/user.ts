/**
 * What two spellings of one name have in common: case, Unicode's compatible forms, such as full-width letters, and outer
 * spaces do not matter. Whatever goes by the name, such as limits of tries, goes by this key. It is computed here because
 * databases fold case differently.
 */
export function nameKey(name: string): string {
  // A small letter may have a composed form where the capital one has none, as J with a caron.
  return name.normalize("NFKC").toLowerCase().normalize("NFKC").trim();
}

/** The most characters of a key. A name of 40 characters may have a key of more. */
export const maxNameKeyLength = 200;

/** No setting allows a longer session. */
export const longestSessionMs = 2_592_000_000;

/** A registered buyer. */
export interface User {
  readonly id: string;
  readonly name: string;
  /** argon2id in PHC string form; never leaves the server. */
  readonly passwordHash: string;
  readonly createdAtMs: number;
  /** Who the user is, where a program of the operator tells persons apart: each person has one account. */
  readonly personId?: string;
}

/** A user as the ledger has it. */
export interface RegisteredUser extends User {
  /** How often all sessions of the user were revoked. A session that is opened now gets this epoch. */
  readonly sessionEpoch: number;
}

/** Levels of the work before a registration go from 0 to this one. */
export const maxWorkLevel = 11;
