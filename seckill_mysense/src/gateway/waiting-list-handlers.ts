import { joinWaitingList, leaveWaitingList, readWaitingPlace } from "../contract/waiting-list.ts";
import type { Catalogue } from "./catalogue.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";
import type { InvitedUsers } from "./invited-users.ts";
import type { RoomVisitors } from "./room-visitors.ts";
import type { WaitingList } from "./waiting-list.ts";

export interface WaitingListOptions {
  readonly waitingList: WaitingList;
  readonly catalogue: Catalogue;
  /** Those who come through waiting rooms. */
  readonly visitors: RoomVisitors;
  readonly invitedUsers: InvitedUsers;
  /** Whether accounts without an invitation, from before, may not buy. */
  readonly isByInvitation: boolean;
}

export function mountWaitingList(
  app: GatewayApp,
  mount: MountOptions,
  { waitingList, catalogue, visitors, invitedUsers, isByInvitation }: WaitingListOptions,
): void {
  mountEndpoint(app, joinWaitingList, mount, async ({ body, session, request }) => {
    if (isByInvitation && !session.isPerson) return { failure: "invitation_required" };
    const entry = catalogue.findFor(body.productID, session.userId);
    if (entry === undefined) return { failure: "product_not_found" };
    // An offer is a reservation without a token, so it is behind all that a token is behind.
    const uninvited = await invitedUsers.refusal(entry.sale, session);
    if (uninvited !== undefined) return uninvited;
    const admission = await visitors.admit(entry.sale, session, request, { isAlsoAfter: true });
    if ("failure" in admission) return admission;
    const joined = await waitingList.join(entry, session.userId);
    // Who revokes a code takes its user out of the lists only once: it may have done so just before.
    const revoked = "ok" in joined ? await invitedUsers.refusal(entry.sale, session) : undefined;
    if (revoked !== undefined) await waitingList.leave(entry.product.id, session.userId);
    return revoked ?? joined;
  });

  mountEndpoint(app, readWaitingPlace, mount, async ({ query, session }) => {
    const entry = catalogue.findFor(query.productID, session.userId);
    if (entry === undefined) return { failure: "product_not_found" };
    return (await waitingList.read(entry.product.id, session.userId)) ?? { failure: "not_waiting" };
  });

  mountEndpoint(app, leaveWaitingList, mount, async ({ query, session }) => {
    const entry = catalogue.findFor(query.productID, session.userId);
    if (entry === undefined) return { failure: "product_not_found" };
    return (await waitingList.leave(entry.product.id, session.userId)) ?? { failure: "not_waiting" };
  });
}
