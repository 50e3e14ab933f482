/** Wrong use of the program. */
export class UsageError extends Error {
  constructor(reason: string) {
    super(`${reason}\nmy-redis-ring --help says how it is used`);
    this.name = "UsageError";
  }
}
