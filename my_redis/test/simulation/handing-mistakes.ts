import type { Change } from "../../../tools/simulation/planted-tree.ts";
import { kernel, model } from "./planted-change.ts";

/** Mistakes of planned handovers, see mistakes.ts. */
export const handingMistakes = {
  "a primary goes on after it has asked for its handover": [
    model("simulated-process.ts", "&& !isHanding(this.member)", ""),
    kernel("handing.ts", "offset <= asked.offset && nowMs", "offset >= 0 && nowMs"),
  ],
  "a replica takes over before it has the last write": [
    kernel("handing.ts", "|| known.offset < offset) return false;", ") return false;"),
  ],
  "a replica takes over when it has what the disk of the primary has": [
    kernel("handing.ts", "const { offset } = member.position;", "const { offset } = serving;"),
  ],
  "a primary keeps its lease while another one may be appointed": [
    kernel("handing.ts", "  member.leaseUntilMs = Number.NEGATIVE_INFINITY;\n", ""),
  ],
  "a primary takes a lease while another one may be appointed": [
    kernel("handing.ts", "serving?.handing?.asked === undefined && askedAtMs", "askedAtMs"),
  ],
  "a primary that gives its handover up takes a lease from before": [
    kernel("handing.ts", "    member.leaseSinceMs = nowMs;\n", ""),
  ],
  "a primary that gives its handover up goes on at once": [
    kernel(
      "handing.ts",
      "    member.leaseSinceMs = nowMs;\n",
      "    member.leaseUntilMs = handing.asked.leaseUntilMs;\n",
    ),
  ],
  "a handover goes to a replica that is not in sync": [
    kernel(
      "handing.ts",
      "return waitFor.filter((copy) => hasCopy(inSync, copy));",
      "return [...progress].map(([node, { run }]) => ({ node, run }));",
    ),
    kernel("handing.ts", "{ waitFor }: Serving", "{ progress }: Serving"),
    kernel("handing.ts", "!hasCopy(seat.inSync, to) || ", ""),
  ],
  "a handover goes to a copy whose disk is full": [kernel("appointments.ts", "answers && !to.diskFails", "answers")],
  "a handover is never given up": [kernel("handing.ts", "> handOverMs(timing)", "> 1e9")],
} as const satisfies Readonly<Record<string, readonly Change[]>>;
