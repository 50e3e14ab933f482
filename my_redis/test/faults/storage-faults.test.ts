import { describe, expect, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import type { CallGroup, Fault } from "./fault-injector.ts";
import { type FaultPlan, runFaultRound } from "./fault-round.ts";

const strace = requireService("strace");

const fault = (calls: CallGroup, effect: Fault["effect"], when: string): Fault => ({ calls, effect, when });

/** A fixed set for every test run. `npm run storage-faults` takes random ones. */
const plans: readonly (FaultPlan & { readonly refuses: boolean; readonly untilRestart?: boolean })[] = [
  { action: "write", policy: "always", faults: [fault("write", "ENOSPC", "3")], refuses: true },
  { action: "write", policy: "everysec", faults: [fault("write", "EIO", "1+")], refuses: true },
  { action: "write", policy: "no", faults: [fault("truncate", "EIO", "1+")], shortWriteBytes: 7, refuses: true },
  { action: "write", policy: "always", faults: [fault("sync", "EIO", "2")], refuses: true, untilRestart: true },
  { action: "rewrite", policy: "everysec", faults: [fault("write", "ENOSPC", "2")], refuses: true },
  { action: "rewrite", policy: "always", faults: [fault("rename", "EIO", "1+")], refuses: false },
  { action: "rewrite", policy: "everysec", faults: [fault("open", "EMFILE", "1+")], refuses: false },
  { action: "rewrite", policy: "no", faults: [fault("sync", "EIO", "1+")], refuses: false },
  { action: "rewrite", policy: "everysec", faults: [fault("remove", "EROFS", "1+")], refuses: false },
  { action: "rewrite", policy: "always", faults: [fault("close", "EIO", "1+")], shortWriteBytes: 368, refuses: true },
  { action: "begin the log", policy: "everysec", faults: [fault("rename", "EIO", "1")], refuses: false },
  { action: "begin the log", policy: "always", faults: [fault("open", "ENOSPC", "1+")], refuses: false },
  {
    action: "begin the log",
    policy: "no",
    faults: [fault("close", "EIO", "1+2"), fault("open", "EMFILE", "4")],
    refuses: false,
  },
  { action: "end the log", policy: "always", faults: [fault("close", "EIO", "1+")], refuses: false },
  { action: "background save", policy: "always", faults: [fault("open", "EIO", "1+")], refuses: false },
  { action: "start", policy: "always", faults: [fault("open", "EIO", "2")], refuses: false },
  { action: "start", policy: "always", faults: [fault("write", "ENOSPC", "1+")], refuses: false },
  {
    action: "end",
    policy: "always",
    faults: [fault("rename", "EIO", "1+"), fault("close", "EIO", "1+")],
    refuses: false,
  },
];

describe.skipIf(strace.missing)(`no acknowledged write is lost, and writes go on afterwards,${strace.reason}`, () => {
  for (const { refuses, untilRestart = false, ...plan } of plans) {
    const failing = plan.faults
      .map(({ calls, effect, when }) => `${calls} (${JSON.stringify(effect)}, ${when})`)
      .join(" and ");
    test(`when ${failing} fails during '${plan.action}' with appendfsync ${plan.policy}`, async () => {
      const outcome = await runFaultRound({ ...plan, waitsForFault: true });
      expect(outcome.injected).toBeGreaterThan(0);
      expect(outcome.refusesUntilRestart).toBe(untilRestart);
      if (refuses) expect([...outcome.refusals.keys()]).toContain("MISCONF");
      else expect(outcome.refusals.size).toBe(0);
    }, 60_000);
  }
});
