interface Search<Schedule> {
  /** The schedule that is known to find the mistake. */
  readonly known: Schedule;
  /** All schedules that may be tried, the cheapest first. */
  readonly others: Iterable<Schedule>;
  readonly failsWithMistake: (schedule: Schedule) => boolean;
  readonly failsWithout: (schedule: Schedule) => boolean;
}

/**
 * A schedule that finds a planted mistake: it fails with it, and holds without it. A schedule that fails in any case
 * finds nothing. What is known to find the mistake is tried first.
 */
export function firstFinding<Schedule>(search: Search<Schedule>): Schedule | undefined {
  const finds = (schedule: Schedule): boolean => search.failsWithMistake(schedule) && !search.failsWithout(schedule);
  if (finds(search.known)) return search.known;
  for (const schedule of search.others) if (finds(schedule)) return schedule;
  return undefined;
}
