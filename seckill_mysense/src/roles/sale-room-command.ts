import type { AdmissionChange } from "../ledger/rooms.ts";
import type { RoomService, ShownRoom } from "../rooms/room-service.ts";

/** What a command does with the waiting room of a sale. */
export type RoomAction =
  | { readonly kind: "room"; readonly does: "show"; readonly id: string }
  | { readonly kind: "room"; readonly does: "change"; readonly id: string; readonly change: AdmissionChange }
  | { readonly kind: "room"; readonly does: "value"; readonly id: string; readonly file: string };

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
