/** The version that is written: Redis 7.0 and later can read it. */
export const writtenVersion = 10;
/** The version that is written if a field of a hash has a time: Redis 7.4 and later can read it. */
export const writtenVersionWithTimes = 12;
/** Versions up to this one can be read. */
export const newestVersion = 12;

/** The layout of a value, as the byte before it says. Missing numbers belong to modules. */
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
  /** The same as 7.4 writes them: the earliest time comes first. */
  hashTimes: 24,
  hashListpackTimes: 25,
} as const;

/** The lowest version that has values of this type. */
export const versionOfType = (type: number): number =>
  type >= rdbType.hashTimesBefore74 ? writtenVersionWithTimes : writtenVersion;

/** Forms of a string besides plain bytes, in the six low bits of a length byte whose two high bits are set. */
export const stringForm = { integer8: 0, integer16: 1, integer32: 2, lzf: 3 } as const;

/** The content of a list node: a single long element, or packed elements. */
export const listNode = { plain: 1, packed: 2 } as const;
