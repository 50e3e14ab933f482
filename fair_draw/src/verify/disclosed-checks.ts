import { areEqual, fromHex, hex } from "../bytes.ts";
import { type DrawHeader, isDraw } from "../disclosure/header.ts";
import { drandRoundTime } from "../public-value/drand.ts";
import { publicValueProblem } from "../public-value/public-value.ts";
import { commitmentOf } from "../rules.ts";
import type { Sha256 } from "../sha256.ts";
import { announcementProblem } from "../statements/announcement.ts";
import { signedHeadProblem } from "../statements/signed-head.ts";
import { type Check, checkOf, notProvable } from "./report.ts";
import type { Offence, Walk } from "./walk.ts";

/** What the file says of itself: all parts must fit together, and be signed by the key of the rules. */
export function disclosedChecks(walk: Walk, sha256: Sha256): Check[] {
  const { disclosed } = walk;
  const checks = [...entryChecks(walk), lastHeadCheck(walk)];
  if (!isDraw(disclosed)) return checks;
  return [
    secretCheck(disclosed, sha256),
    ...checks,
    ...announcementChecks(walk, disclosed),
    ...publicValueChecks(walk, disclosed, sha256),
  ];
}

function entryChecks(walk: Walk): Check[] {
  const { rules } = walk.disclosed;
  const same = walk.samePseudonym();
  const times =
    rules.mode === "draw"
      ? "drawn entries are from before the closing, and others are not"
      : "no entry is from before the opening";
  return [
    checkOf("numbers", inWords(walk.wrongNumber), `the numbers are 1 to ${walk.count}, without gaps`),
    checkOf(
      "pseudonyms",
      same && `entries ${same[0]} and ${same[1]} have the same pseudonym`,
      "no pseudonym is there twice",
    ),
    checkOf("times", inWords(walk.wrongTime), times),
  ];
}

const inWords = (offence: Offence | undefined): string | undefined =>
  offence && (offence.count === 1 ? offence.first : `${offence.first}; there are ${offence.count} such entries`);

function lastHeadCheck({ disclosed, rulesHash, head, count }: Walk): Check {
  const { rules, lastHead } = disclosed;
  const problem =
    signedHeadProblem(rules, rulesHash, lastHead) ??
    (lastHead.number === count ? undefined : `it is of ${lastHead.number} entries, and the file has ${count}`) ??
    (areEqual(fromHex(lastHead.head), head)
      ? undefined
      : `the entries make the head ${hex(head)}, not ${lastHead.head}`);
  return checkOf("last head", problem, `the shop has signed all ${count} entries in their order`);
}

function secretCheck({ rules, secret }: DrawHeader, sha256: Sha256): Check {
  const commitment = hex(commitmentOf(fromHex(secret), sha256));
  const problem =
    commitment === rules.commitment
      ? undefined
      : `its commitment is ${commitment}, and the rules have ${rules.commitment}`;
  return checkOf("secret", problem, "the rules were bound to it");
}

function announcementChecks(walk: Walk, { rules, announcement }: DrawHeader): Check[] {
  const { count, root, head } = announcement;
  const missing = walk.count < count ? `it is of ${count} entries, and the file has ${walk.count}` : undefined;
  const computed = { root: hex(walk.root()), head: hex(walk.headAtClose) };
  const compared = (name: "root" | "head", announced: string): string | undefined =>
    missing ??
    (computed[name] === announced ? undefined : `the entries make ${computed[name]}, and ${announced} was announced`);
  return [
    checkOf(
      "announcement",
      announcementProblem(rules, walk.rulesHash, announcement),
      `the shop has signed that ${count} are drawn`,
    ),
    checkOf("announced root", compared("root", root), "it is the root of the drawn entries"),
    checkOf("announced head", compared("head", head), "it is the head of the line at the closing"),
  ];
}

function publicValueChecks({ rulesHash }: Walk, header: DrawHeader, sha256: Sha256): Check[] {
  const { rules, publicValue: value, announcement } = header;
  const { publicValue: source } = rules;
  if (source.kind === "none") {
    return [notProvable("public value", "the rules ask for none: the shop alone could choose the order")];
  }
  const problem = publicValueProblem({ source, value, rules: rulesHash, root: fromHex(announcement.root) }, sha256);
  if (source.kind === "witnesses") {
    const names = source.witnesses.map(({ name }) => name).join(", ");
    return [
      checkOf("public value", problem, `all witnesses have signed: ${names}`),
      notProvable("one root only", "a witness that signed several roots let the shop choose between several orders"),
    ];
  }
  const moment = new Date(drandRoundTime(source)).toISOString();
  return [
    checkOf("public value", problem, `it is round ${source.round} of ${source.beaconId}, chain ${source.chainHash}`),
    notProvable(
      "announced in time",
      `the round came at ${moment}; only who got the announcement before then knows that it was not made afterwards`,
    ),
  ];
}
