/** Major, minor and patch of a version; of one before a release also what follows the hyphen. */
const pattern = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9a-z.]+))?$/;

export const isVersion = (text: string): boolean => pattern.test(text);

/** Below zero when `one` comes before `other`; a version with a hyphen comes before the one without. */
export function compareVersions(one: string, other: string): number {
  const [, ...left] = pattern.exec(one) ?? [];
  const [, ...right] = pattern.exec(other) ?? [];
  for (let index = 0; index < 3; index++) {
    const difference = Number(left[index]) - Number(right[index]);
    if (difference !== 0) return difference;
  }
  const [oneRest, otherRest] = [left[3], right[3]];
  if (oneRest === otherRest) return 0;
  if (oneRest === undefined) return 1;
  return otherRest === undefined || oneRest < otherRest ? -1 : 1;
}
