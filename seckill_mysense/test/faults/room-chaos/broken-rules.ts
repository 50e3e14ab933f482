import type { ChaosRoom, ToldVisitor } from "./told.ts";

/**
 * What everybody was told, against the rules of a room:
 *
 * 1. Each visitor has one number and one receipt, wherever and whenever it asks. The numbers are 1 to N.
 * 2. Each visitor has one place. The places are 1 to N, and N were used.
 * 3. Place p is admitted p / rate after the beginning, by the ledger's clock, and no token is answered before. There is no
 *    tolerance: a token is answered after the ledger has looked at its clock.
 * 4. A gateway says that as many are admitted as the rate gives for the moment of its answer: a moment between question
 *    and answer, give or take the error of its clock that the same answer tells. One visitor is allowed for rounding.
 *
 * How fast the machine is makes no difference to any of them. Resolves with what is broken, in words.
 *
 * `lateFromMs`: the first entry after the beginning was sent then. From then on the admission may have been set back,
 * because nobody waited, so that fewer are admitted.
 */
export function brokenRules(visitors: readonly ToldVisitor[], room: ChaosRoom, lateFromMs: number): string[] {
  return [
    ...brokenNumbers(visitors),
    ...brokenOrder(visitors),
    ...brokenUses(visitors, room),
    ...visitors.flatMap((visitor) => brokenRate(visitor, room, lateFromMs)),
  ];
}

const withoutGaps = (values: readonly number[]): boolean =>
  values.toSorted((a, b) => a - b).every((value, index) => value === index + 1);

export function brokenNumbers(visitors: readonly ToldVisitor[]): string[] {
  const broken = visitors.flatMap(({ name, receipts, views }) => {
    const numbers = new Set([
      ...receipts.map(({ number }) => number),
      ...views.flatMap(({ view }) => view.number ?? []),
    ]);
    const signatures = new Set(receipts.map(({ signature }) => signature));
    if (numbers.size !== 1) return [`${name} has the numbers ${[...numbers].join(", ")}`];
    return signatures.size === 1 ? [] : [`${name} has ${signatures.size} receipts`];
  });
  const all = visitors.flatMap(({ receipts }) => receipts[0]?.number ?? []);
  if (!withoutGaps(all)) broken.push(`the numbers are not 1 to ${visitors.length}: ${all.join(", ")}`);
  return broken;
}

export function placesOf({ views }: ToldVisitor): number[] {
  return [...new Set(views.flatMap(({ view }) => view.place ?? []))];
}

export function brokenOrder(visitors: readonly ToldVisitor[]): string[] {
  const broken = visitors.flatMap((visitor) => {
    const places = placesOf(visitor);
    return places.length === 1 ? [] : [`${visitor.name} has the places ${places.join(", ")}`];
  });
  const all = visitors.flatMap(placesOf);
  if (!withoutGaps(all)) broken.push(`the places are not 1 to ${visitors.length}: ${all.join(", ")}`);
  return broken;
}

function brokenUses(visitors: readonly ToldVisitor[], { used }: ChaosRoom): string[] {
  if (used === visitors.length) return [];
  return [`${used} places were used, and ${visitors.length} visitors have a token`];
}

function brokenRate(visitor: ToldVisitor, { perSecond, beginsAtMs }: ChaosRoom, lateFromMs: number): string[] {
  const admittedAt = (ms: number): number => ((ms - beginsAtMs) * perSecond) / 1_000;
  const broken: string[] = [];
  const [place = 0] = placesOf(visitor);
  const { token, name } = visitor;
  if (token === undefined) broken.push(`${name} has no token`);
  else if (place > admittedAt(token.answeredMs)) {
    broken.push(`${name} with place ${place} got a token ${token.answeredMs - beginsAtMs} ms after the beginning`);
  }
  for (const { askedMs, answeredMs, view } of visitor.views) {
    if (view.beginsAtMs === undefined || view.waitErrorSeconds === undefined) continue;
    const errorMs = view.waitErrorSeconds * 1_000;
    const most = Math.max(0, admittedAt(answeredMs + errorMs)) + 1;
    const least = answeredMs < lateFromMs ? Math.min(view.entries, admittedAt(askedMs - errorMs) - 1) : 0;
    if (view.admitted <= most && view.admitted >= least) continue;
    broken.push(`${name} was told that ${view.admitted} are admitted, not ${least.toFixed(1)} to ${most.toFixed(1)}`);
  }
  return broken;
}
