interface Schedules {
  readonly first: number;
  readonly count: number;
  /** Runs one schedule, and says what went wrong. */
  readonly run: (seed: number) => readonly string[];
}

const mostFailures = 5;

/** Runs schedules for a program, prints what fails and how many ran in a second, and says whether all held. */
export function runSchedules({ first, count, run }: Schedules): boolean {
  const startedAt = performance.now();
  let failed = 0;
  let seed = first;
  for (; seed < first + count && failed < mostFailures; seed++) {
    const problems = run(seed);
    if (problems.length === 0) continue;
    failed++;
    console.log(`seed ${seed}: ${problems.join("\n  ")}`);
  }
  const done = seed - first;
  const rate = done / ((performance.now() - startedAt) / 1000);
  console.log(`${done} schedules from seed ${first}: ${failed} failed; ${rate.toFixed(0)} per second`);
  return failed === 0;
}
