import { heldParts } from "../domain/bundle.ts";
import type { ReservationRequest, ReserveOutcome } from "../domain/reservation.ts";
import type { ReserveOptions } from "./gate.ts";
import { GateOutcomeUnknown } from "./gate-errors.ts";
import { heldText, readHeldText } from "./held-text.ts";

/** ARGV of scripts/reserve.lua. */
export function reserveArguments(requests: readonly ReservationRequest[], least: Required<ReserveOptions>): string[] {
  const args = [String(least.minEpoch), String(least.minSequence)];
  for (const request of requests) args.push(request.userId, heldText(request), request.traceparent ?? "");
  return args;
}

/** Outcomes in the order of the requests, from the reply that scripts/reserve.lua describes. */
export function readReserveReply(requests: readonly ReservationRequest[], reply: unknown): ReserveOutcome[] {
  if (!Array.isArray(reply)) throw unreadable(reply);
  const [state, detail, before] = reply as string[];
  if (state === "closed") return requests.map(() => ({ kind: "closed" }));
  if (state === "not_started") return requests.map(() => ({ kind: "not_started", startsAtMs: Number(detail) }));
  if (state !== "decided" || reply.length !== requests.length + 3) throw unreadable(reply);
  const epoch = Number(detail);
  let sequence = Number(before);
  return requests.map((request, i) => {
    const outcome = String(reply[i + 3]);
    if (outcome[0] !== "a") return readOther(epoch, outcome);
    sequence += 1;
    const acceptedAtMs = entryTimeMs(outcome.slice(1));
    return { kind: "accepted", reservation: { ...request, epoch, acceptedAtMs, sequence } };
  });
}

function readOther(epoch: number, outcome: string): ReserveOutcome {
  switch (outcome[0]) {
    case "r":
      return { kind: "replay", ...readHeldText(outcome.slice(1)) };
    case "h": {
      const held = outcome.slice(1).split(" ").map(readHeldText);
      return { kind: "replay", ...held.at(-1)!, ...heldParts(held) };
    }
    case "s":
      return { kind: "sold_out", epoch, left: Number(outcome.slice(1)) };
    case "l": {
      const [left, ...held] = outcome.slice(1).split(" ");
      return { kind: "over_limit", left: Number(left), ...heldParts(held.map(readHeldText)) };
    }
    case "e":
      return { kind: "ended" };
    case "p":
      return { kind: "paused" };
    default:
      throw unreadable(outcome);
  }
}

/** A stream entry's id begins with the server's clock at its writing, Unix milliseconds. */
export function entryTimeMs(entryId: string): number {
  return Number.parseInt(entryId, 10);
}

function unreadable(reply: unknown): Error {
  return new GateOutcomeUnknown(`reserve: unreadable reply from the gate server: ${JSON.stringify(reply)}`);
}
