/** The first bytes of an RDB file, before four digits of the version. */
export const rdbMagic = "REDIS";

/** Codes in the place of a value's type. */
export const opcode = {
  /** Followed by the number of a hash slot, of its keys, and of its keys with an expiry. */
  slotInfo: 244,
  /** A library of functions. */
  function: 245,
  /** A function, in release candidates of Redis 7.0. */
  oldFunction: 246,
  /** Data of a module. */
  moduleData: 247,
  /** Seconds since the last use of the next key. */
  idle: 248,
  /** The access counter of the next key. */
  frequency: 249,
  /** A fact about the file: a name and a value. */
  fact: 250,
  /** The number of keys in the database, and of those with an expiry. */
  size: 251,
  /** When the next key expires, Unix milliseconds. */
  expiryMs: 252,
  /** The same in seconds. */
  expirySeconds: 253,
  database: 254,
  end: 255,
} as const;
