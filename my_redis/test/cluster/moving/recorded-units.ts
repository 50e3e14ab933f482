import type { Services } from "../../../src/dispatch/context.ts";
import type { LogTarget, LogWord } from "../../../src/dispatch/log-target.ts";
import type { Arguments } from "../../../src/protocol/arguments.ts";

const noUnit = { bytes: new Uint8Array(0), commands: 0, first: -1, last: -1 };

/** What a server logs from now on: the commands of each unit, which a reader of the log has as a whole or not at all. */
export function recordUnits({ changes }: Services): readonly (readonly string[])[][] {
  const units: string[][][] = [];
  let open: string[][] | undefined;
  const append = (words: readonly LogWord[]): void => {
    const texts = words.map((word) => (typeof word === "object" ? Buffer.from(word).toString("latin1") : `${word}`));
    if (open === undefined) units.push([texts]);
    else open.push(texts);
  };
  const request = (args: Arguments): void =>
    append(Array.from({ length: args.count }, (_, index) => args.latin1(index)));
  const target: LogTarget = {
    pendingBytes: 0,
    beginUnit: () => void (open = []),
    endUnit: () => {
      if (open !== undefined && open.length > 0) units.push(open);
      open = undefined;
    },
    suspendUnit: () => noUnit,
    resumeUnit: () => {},
    appendRequest: (_database, args) => request(args),
    appendReplacing: (_database, args) => request(args),
    append: (_database, words) => append(words),
    flush: () => {},
  };
  changes.attach(target, { whenSafe: (callback) => callback(true), turnEnded() {} });
  return units;
}
