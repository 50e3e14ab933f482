/** Too many requests wait for the hasher; the work was not started. */
export class HasherOverloaded extends Error {
  constructor(limit: number) {
    super(`password hashing is busy: at most ${limit} requests may wait`);
    this.name = "HasherOverloaded";
  }
}

export interface PasswordHasherOptions {
  /** The most hashes computed at a time. Each takes a core and `memoryKib` for tens of milliseconds. */
  readonly concurrency: number;
  /** The most requests that wait for their turn. Further ones are refused. */
  readonly maxWaiting: number;
  readonly memoryKib: number;
  readonly passes: number;
}

/** OWASP's recommendation for argon2id: 19 MiB, two passes. */
export const recommendedCost = { memoryKib: 19_456, passes: 2 } as const;

/** argon2id with bounded concurrency, so that many logins cannot take all cores and memory from the sale. */
export class PasswordHasher {
  readonly #options: PasswordHasherOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Verified if there is no such user, so that the answer takes the same time in both cases. */
  #decoy: Promise<string> | undefined;

  constructor(options: PasswordHasherOptions) {
    this.#options = options;
  }

  /** @throws HasherOverloaded */
  hash(password: string): Promise<string> {
    const { memoryKib, passes } = this.#options;
    return this.inTurn(() =>
      Bun.password.hash(password, { algorithm: "argon2id", memoryCost: memoryKib, timeCost: passes }),
    );
  }

  /** Whether the password matches the hash. Without a hash: false, after the same work. @throws HasherOverloaded */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    if (hash !== undefined) return this.inTurn(() => Bun.password.verify(password, hash));
    this.#decoy ??= this.hash(crypto.randomUUID()).catch((error: unknown) => {
      this.#decoy = undefined;
      throw error;
    });
    const decoy = await this.#decoy;
    await this.inTurn(() => Bun.password.verify(password, decoy));
    return false;
  }

  /** Other work of the same kind: it takes a core and memory for a moment. @throws HasherOverloaded */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#options.concurrency) this.#running++;
    else await this.#turn();
    try {
      return await work();
    } finally {
      // The turn passes directly to the next waiting request. If it were released, a new request could take it and
      // exceed the limit.
      const next = this.#waiting.shift();
      if (next !== undefined) next();
      else this.#running--;
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#options.maxWaiting) throw new HasherOverloaded(this.#options.maxWaiting);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
