const seedKey = Symbol.for("property-seed");
const holder = globalThis as typeof globalThis & { [seedKey]?: number };

/**
 * The seed of every property test and simulation of this run: TEST_SEED, or a new one. It is printed, so that a failure
 * can be replayed: `TEST_SEED=<seed> bun test <file>`.
 */
export function propertySeed(): number {
  holder[seedKey] ??= chooseSeed();
  return holder[seedKey];
}

function chooseSeed(): number {
  const given = process.env["TEST_SEED"];
  const seed = given ? Number(given) : Math.floor(Math.random() * 2 ** 31);
  if (!Number.isInteger(seed)) throw new Error(`TEST_SEED is a whole number, not ${JSON.stringify(given)}`);
  console.log(`TEST_SEED=${seed}`);
  return seed;
}
