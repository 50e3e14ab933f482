import { adminEndpoints } from "../contract/admin-sales.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "../gateway/mount-endpoint.ts";
import { InvalidSaleError } from "../ledger/ledger-errors.ts";
import type { AdmissionChange } from "../ledger/rooms.ts";
import { NoRoomError, rateChange, type RoomService, type ShownRoom } from "../rooms/room-service.ts";
import { defaultActor } from "./sale-admin-handlers.ts";

/** Mounts what a merchant may do with waiting rooms. */
export function mountRoomAdmin(app: GatewayApp, mount: MountOptions, service: RoomService): void {
  const endpoints = adminEndpoints;
  const change = (id: string, asked: AdmissionChange, by: string | undefined) =>
    answer(service.change(id, asked, by ?? defaultActor));
  mountEndpoint(app, endpoints.readAdminRoom, mount, ({ params }) => answer(service.read(params.id)));
  mountEndpoint(app, endpoints.holdRoom, mount, ({ params, query }) => change(params.id, { kind: "hold" }, query.by));
  mountEndpoint(app, endpoints.openRoom, mount, ({ params, query }) => change(params.id, { kind: "open" }, query.by));
  mountEndpoint(app, endpoints.rateRoom, mount, ({ params, query, body }) => {
    return change(params.id, rateChange("per_second" in body ? { perSecond: body.per_second } : body), query.by);
  });
  mountEndpoint(app, endpoints.publishRoomValue, mount, ({ params, body }) => answer(service.publish(params.id, body)));
}

type Answer =
  | { readonly ok: ShownRoom & Record<string, unknown> }
  | { readonly failure: "room_not_found" | "invalid_request"; readonly message: string };

async function answer(shown: Promise<ShownRoom>): Promise<Answer> {
  try {
    return { ok: { ...(await shown) } };
  } catch (error) {
    if (error instanceof NoRoomError) return { failure: "room_not_found", message: error.message };
    if (error instanceof InvalidSaleError) return { failure: "invalid_request", message: error.message };
    throw error;
  }
}
