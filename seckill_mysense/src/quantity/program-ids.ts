/** How many characters of the hash name a user that no program has named: enough that two never meet. */
const anonymousLength = 30;

/**
 * The reservation of a program's request id: always the same one, so that a repeated request can take no second unit.
 * No secret is part of it, because it must survive a change of the secrets.
 */
export function reservationOf(program: string, requestId: string): string {
  // Neither contains a line break, so that no two pairs have the same text.
  const hash = new Bun.CryptoHasher("sha256").update(`${program}\n${requestId}`).digest("base64url");
  return `P${hash}`;
}

/**
 * The user as gate and ledger know it. Users of different programs, and buyers of the shop, never have the same id. Where
 * the program names no user, each reservation has one of its own, and so no limit per user.
 */
export function userOf(program: string, userId: string | undefined, reservationId: string): string {
  // A user that is named begins with a letter or a digit.
  return `${program}:${userId ?? `-${reservationId.slice(1, anonymousLength + 1)}`}`;
}

/** The user as its program named it; null if it did not. */
export function namedUser(userId: string): string | null {
  const name = userId.slice(userId.indexOf(":") + 1);
  return name.startsWith("-") ? null : name;
}
