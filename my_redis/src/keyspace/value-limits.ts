/**
 * How large values may become, and when they leave their compact encoding. The names are those of redis.conf, so that
 * the settings themselves are such limits: a change by CONFIG SET applies to the next write.
 */
export interface ValueLimits {
  readonly "hash-max-listpack-entries": number;
  readonly "hash-max-listpack-value": number;
  /** Elements when positive; -1 to -5 mean 4 to 64 KiB. */
  readonly "list-max-listpack-size": number;
  readonly "set-max-intset-entries": number;
  readonly "set-max-listpack-entries": number;
  readonly "set-max-listpack-value": number;
  readonly "zset-max-listpack-entries": number;
  readonly "zset-max-listpack-value": number;
  readonly "stream-node-max-bytes": number;
  readonly "stream-node-max-entries": number;
  /** Bytes of a string. */
  readonly "proto-max-bulk-len": number;
}
