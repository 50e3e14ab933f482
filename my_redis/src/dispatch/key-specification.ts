/**
 * Where keys begin: at an argument, or after a keyword that is searched from an argument on (from the end when
 * negative).
 */
export type BeginSearch =
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "keyword"; readonly keyword: string; readonly startFrom: number }
  | { readonly type: "unknown" };

/**
 * Which keys follow. A range ends at `last`, which is counted from the first key, or from the end of the arguments when
 * negative. With a `limit` n only the first nth part of the arguments is used. For "keynum" an argument holds the
 * number of keys.
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
 * How a command treats a key, in the words of COMMAND INFO. First the access: RO reads, RW changes, OW overwrites, RM
 * removes. Then the effect on the user's data: "access" returns it to the client, the others change it.
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

/** One key after a keyword, which is searched from the argument `startFrom` on. */
export const keyAfter = (keyword: string, startFrom: number, access?: KeyAccess): KeySpecification => ({
  access,
  begin: { type: "keyword", keyword, startFrom },
  find: { type: "range", last: 0, step: 1, limit: 0 },
});

/** All arguments after a keyword, or with a `limit` n the first nth part of them. */
export const keysAfter = (keyword: string, startFrom: number, access?: KeyAccess, limit = 0): KeySpecification => ({
  access,
  begin: { type: "keyword", keyword, startFrom },
  find: { type: "range", last: -1, step: 1, limit },
});

/** Keys that only the data determines, such as those that a pattern of SORT leads to. */
export const keysInData = (access: KeyAccess): KeySpecification => ({
  access,
  begin: { type: "unknown" },
  find: { type: "unknown" },
});
