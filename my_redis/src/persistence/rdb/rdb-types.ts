/** Version that is written: what Redis 7.0 and all later ones read. */
export const writtenVersion = 10;
/** Version that is written where a field of a hash has a time: what Redis 7.4 and all later ones read. */
export const writtenVersionWithTimes = 12;
/** Versions up to this one are read. */
export const newestVersion = 12;

/** How a value is laid out, as the byte before it says. Numbers that are missing here belong to modules. */
export const rdbType = {
  string: 0,
  list: 1,
  set: 2,
  sortedSet: 3,
  hash: 4,
  sortedSet2: 5,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  sortedSetZiplist: 12,
  hashZiplist: 13,
  listQuicklist: 14,
  streamListpacks: 15,
  hashListpack: 16,
  sortedSetListpack: 17,
  listQuicklist2: 18,
  streamListpacks2: 19,
  setListpack: 20,
  streamListpacks3: 21,
  /** Hashes whose fields have times, as release candidates of Redis 7.4 wrote them. */
  hashTimesBefore74: 22,
  hashListpackTimesBefore74: 23,
  /** The same as 7.4 writes them: with the earliest time of all before the rest. */
  hashTimes: 24,
  hashListpackTimes: 25,
} as const;

/** The version that knows values of this type. */
export const versionOfType = (type: number): number =>
  type >= rdbType.hashTimesBefore74 ? writtenVersionWithTimes : writtenVersion;

/** Forms of a string besides plain bytes, in the six low bits of a length byte whose two high ones are set. */
export const stringForm = { integer8: 0, integer16: 1, integer32: 2, lzf: 3 } as const;

/** What a node of a list holds: one long element as it is, or packed elements. */
export const listNode = { plain: 1, packed: 2 } as const;
