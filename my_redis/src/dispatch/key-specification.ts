/** Where keys begin: at an argument, or after a word that is searched from an argument on (from the end when negative). */
export type BeginSearch =
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "keyword"; readonly keyword: string; readonly startFrom: number }
  | { readonly type: "unknown" };

/**
 * Which keys follow. A range ends at `last`: counted from the first key, or from the end of the arguments when negative;
 * with a `limit` n only the first nth part of the arguments counts. For "keynum" an argument says how many keys there are.
 */
export type FindKeys =
  | { readonly type: "range"; readonly last: number; readonly step: number; readonly limit: number }
  | { readonly type: "keynum"; readonly index: number; readonly first: number; readonly step: number }
  | { readonly type: "unknown" };

type Claim = "RO" | "RW" | "OW" | "RM";
type Effect =
  | ""
  | " access"
  | " insert"
  | " update"
  | " delete"
  | " access insert"
  | " access update"
  | " access delete";

/**
 * How a command treats a key, in the words of COMMAND INFO. First the claim: RO reads, RW changes, OW overwrites, RM
 * removes. Then the effect on the user's data: "access" gives it to the client, the others change it.
 */
export type KeyAccess = `${Claim}${Effect}${"" | " variable_flags" | " incomplete"}` | "not_key";

/** Some of a command's keys: where they stand, and how the command treats them. */
export interface KeySpecification {
  /** Undefined: "RW access update" for a command with the flag write, else "RO access". */
  readonly access: KeyAccess | undefined;
  readonly begin: BeginSearch;
  readonly find: FindKeys;
}

/** One key, the argument at `index`. */
export const keyAt = (index: number, access?: KeyAccess): KeySpecification => keysFrom(index, access, { last: index });

/** Where the keys of a row end (from the end of the arguments when negative), and how far apart they stand. */
interface Row {
  readonly last?: number;
  readonly step?: number;
}

/** Keys from the argument at `index` on: all that follow unless `row` says less. */
export const keysFrom = (index: number, access?: KeyAccess, { last = -1, step = 1 }: Row = {}): KeySpecification => ({
  access,
  begin: { type: "index", index },
  find: { type: "range", last: last < 0 ? last : last - index, step, limit: 0 },
});

/** The first argument. */
export const firstKey: KeySpecification = keyAt(1);

/** All arguments. */
export const everyKey: KeySpecification = keysFrom(1);

/** The argument at `index` is the number of keys; the keys follow it. */
export const countedKeys = (index: number, access?: KeyAccess): KeySpecification => ({
  access,
  begin: { type: "index", index },
  find: { type: "keynum", index: 0, first: 1, step: 1 },
});

/** One key behind a word, which is searched from the argument `startFrom` on. */
export const keyAfter = (keyword: string, startFrom: number, access?: KeyAccess): KeySpecification => ({
  access,
  begin: { type: "keyword", keyword, startFrom },
  find: { type: "range", last: 0, step: 1, limit: 0 },
});

/** Everything behind a word, or with a `limit` n the first nth part of it. */
export const keysAfter = (keyword: string, startFrom: number, access?: KeyAccess, limit = 0): KeySpecification => ({
  access,
  begin: { type: "keyword", keyword, startFrom },
  find: { type: "range", last: -1, step: 1, limit },
});

/** Keys that only the data tells, such as those that a pattern of SORT leads to. */
export const keysInData = (access: KeyAccess): KeySpecification => ({
  access,
  begin: { type: "unknown" },
  find: { type: "unknown" },
});
