/** The version of this package. */
export const version = "0.1.0";

/** The Redis version whose behaviour clients may expect. Client libraries choose commands by it. */
export const compatibleVersion = "7.2.0";

/** The servers that this one can claim to be: directive `compatibility`. */
export const compatibilities = ["redis-7.2", "redis-8", "valkey-9"] as const;
export type Compatibility = (typeof compatibilities)[number];

/** What a server tells its clients about itself. */
export interface Claim {
  readonly server: "redis" | "valkey";
  /** Of that server: HELLO. */
  readonly version: string;
  /** What INFO and scripts call redis_version. Valkey keeps that of the Redis from which it began. */
  readonly redisVersion: string;
}

export const claims: Readonly<Record<Compatibility, Claim>> = {
  "redis-7.2": { server: "redis", version: compatibleVersion, redisVersion: compatibleVersion },
  "redis-8": { server: "redis", version: "8.4.0", redisVersion: "8.4.0" },
  "valkey-9": { server: "valkey", version: "9.0.0", redisVersion: "7.2.4" },
};
