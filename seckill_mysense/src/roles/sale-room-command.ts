import type { Command } from "commander";
import { maxAdmitPerSecond } from "../domain/room.ts";
import type { AdmissionChange } from "../ledger/rooms.ts";
import { rateChange, type RoomService, type ShownRoom } from "../rooms/room-service.ts";
import { UsageError } from "./command-line.ts";

/** What a command does with the waiting room of a sale. */
export type RoomAction =
  | { readonly kind: "room"; readonly does: "show"; readonly id: string }
  | { readonly kind: "room"; readonly does: "change"; readonly id: string; readonly change: AdmissionChange }
  | { readonly kind: "room"; readonly does: "value"; readonly id: string; readonly file: string };

type Add = (name: string, description: string) => Command;

interface Adders<Options> {
  readonly read: Add;
  readonly write: Add;
  readonly took: (action: RoomAction, options: Options) => void;
  readonly rate: (text: string) => number;
}

/** The commands below `sale room`. */
export function addRoomCommands<Options>({ read, write, took, rate }: Adders<Options>): void {
  const kind = "room";
  read("show <id>", "what the waiting room of a sale does").action((id: string, options: Options) =>
    took({ kind, does: "show", id }, options),
  );
  for (const change of ["hold", "open"] as const) {
    write(`${change} <id>`, descriptions[change]).action((id: string, options: Options) =>
      took({ kind, does: "change", id, change: { kind: change } }, options),
    );
  }
  write("rate <id>", "admits more or fewer from now on")
    .option("--per-second <n>", `how many, from 0.001 to ${maxAdmitPerSecond}`, rate)
    .option("--least <n>", "with --most: follows the load of the checkout between both", rate)
    .option("--most <n>", "with --least", rate)
    .action((id: string, options: Options & AskedRate) =>
      took({ kind, does: "change", id, change: rateChange(rateIn(options)) }, options),
    );
  write(
    "value <id> <file>",
    "gives the draw its public value: the beacon's answer, or the witnesses' signatures",
  ).action((id: string, file: string, options: Options) => took({ kind, does: "value", id, file }, options));
}

interface AskedRate {
  readonly perSecond?: number;
  readonly least?: number;
  readonly most?: number;
}

function rateIn({ perSecond, least, most }: AskedRate) {
  if (perSecond !== undefined && least === undefined && most === undefined) return { perSecond };
  if (perSecond === undefined && least !== undefined && most !== undefined) return { least, most };
  throw new UsageError("give --per-second, or --least and --most");
}

const descriptions = {
  hold: "admits nobody until the room is opened",
  open: "ends a hold",
} as const;

export async function runRoomAction(
  action: RoomAction,
  service: RoomService,
  { actor, readValue }: { readonly actor: string; readonly readValue: (file: string) => unknown },
): Promise<{ readonly json: unknown; readonly text: string }> {
  const shown = await act(action, service, { actor, readValue });
  return { json: shown, text: renderRoom(shown) };
}

function act(
  action: RoomAction,
  service: RoomService,
  { actor, readValue }: { readonly actor: string; readonly readValue: (file: string) => unknown },
): Promise<ShownRoom> {
  switch (action.does) {
    case "show":
      return service.read(action.id);
    case "change":
      return service.change(action.id, action.change, actor);
    case "value":
      return service.publish(action.id, readValue(action.file));
  }
}

/** One line for each field that the room has. */
function renderRoom(room: ShownRoom): string {
  return Object.entries(room)
    .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join("\n");
}
