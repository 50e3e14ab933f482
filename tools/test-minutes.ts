const defaultMinutes = 15;
const maxMinutes = 24 * 60;

/**
 * How many minutes a piece of the tests may take before it is ended: the value of TEST_MINUTES. A piece takes about 8
 * minutes on two cores; a slower machine needs more.
 *
 * @throws RangeError when the value is no number of minutes from 1 to 1440
 */
export function testMinutes(text: string | undefined): number {
  if (text === undefined || text === "") return defaultMinutes;
  const minutes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (minutes >= 1 && minutes <= maxMinutes) return minutes;
  throw new RangeError(`TEST_MINUTES is a number of minutes from 1 to ${maxMinutes}, not ${JSON.stringify(text)}`);
}
