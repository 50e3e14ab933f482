/** First bytes of an RDB file; four digits of the version follow. */
export const rdbMagic = "REDIS";

/** What stands in a file where the type of a value could stand. */
export const opcode = {
  /** Number of a hash slot, of its keys, and of those that expire. */
  slotInfo: 244,
  /** The code of a library of functions. */
  function: 245,
  /** The same, of the release candidates of Redis 7.0. */
  oldFunction: 246,
  /** Data of a module. */
  moduleData: 247,
  /** Seconds for which the next key was not used. */
  idle: 248,
  /** How often the next key is used. */
  frequency: 249,
  /** A fact about the file: a name and a value. */
  fact: 250,
  /** The number of keys in the database, and of those that expire. */
  size: 251,
  /** When the next key expires, Unix milliseconds. */
  expiryMs: 252,
  /** The same in seconds. */
  expirySeconds: 253,
  database: 254,
  end: 255,
} as const;
