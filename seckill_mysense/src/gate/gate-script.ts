import { createHash } from "node:crypto";
import acknowledgeSource from "./scripts/acknowledge.lua" with { type: "text" };
import adoptSource from "./scripts/adopt.lua" with { type: "text" };
import amendSource from "./scripts/amend.lua" with { type: "text" };
import armSource from "./scripts/arm.lua" with { type: "text" };
import beginRepairSource from "./scripts/begin-repair.lua" with { type: "text" };
import fillSource from "./scripts/fill.lua" with { type: "text" };
import finishRepairSource from "./scripts/finish-repair.lua" with { type: "text" };
import forgetRelaysSource from "./scripts/forget-relays.lua" with { type: "text" };
import giveBackSource from "./scripts/give-back.lua" with { type: "text" };
import leaveRepairSource from "./scripts/leave-repair.lua" with { type: "text" };
import reserveSource from "./scripts/reserve.lua" with { type: "text" };
import statusSource from "./scripts/status.lua" with { type: "text" };

/** One atomic step of the gate. Error messages give its `name`. */
export interface GateScript {
  readonly name: string;
  readonly source: string;
  /** The hash for EVALSHA. */
  readonly sha1: string;
}

function gateScript(name: string, source: string): GateScript {
  return { name, source, sha1: createHash("sha1").update(source).digest("hex") };
}

export const gateScripts = {
  acknowledge: gateScript("acknowledge", acknowledgeSource),
  adopt: gateScript("adopt", adoptSource),
  amend: gateScript("amend", amendSource),
  arm: gateScript("arm", armSource),
  beginRepair: gateScript("begin-repair", beginRepairSource),
  fill: gateScript("fill", fillSource),
  finishRepair: gateScript("finish-repair", finishRepairSource),
  forgetRelays: gateScript("forget-relays", forgetRelaysSource),
  giveBack: gateScript("give-back", giveBackSource),
  leaveRepair: gateScript("leave-repair", leaveRepairSource),
  reserve: gateScript("reserve", reserveSource),
  status: gateScript("status", statusSource),
} as const;
