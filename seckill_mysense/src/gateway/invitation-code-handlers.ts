import { readInvited, useInvitationCode } from "../contract/invitation-codes.ts";
import type { Catalogue } from "./catalogue.ts";
import type { InvitedUsers } from "./invited-users.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

export interface InvitationCodeOptions {
  readonly catalogue: Catalogue;
  readonly invitedUsers: InvitedUsers;
}

export function mountInvitationCodes(
  app: GatewayApp,
  mount: MountOptions,
  { catalogue, invitedUsers }: InvitationCodeOptions,
): void {
  mountEndpoint(app, useInvitationCode, mount, async ({ body, session }) => {
    const sale = catalogue.sale(body.saleID)?.sale;
    if (sale === undefined) return { failure: "sale_not_found" };
    const failure = await invitedUsers.use(sale, session, body.code.trim());
    return failure === undefined ? { ok: { saleID: sale.id, invited: true } } : { failure };
  });

  mountEndpoint(app, readInvited, mount, async ({ query, session }) => {
    const sale = catalogue.sale(query.saleID)?.sale;
    if (sale === undefined) return { failure: "sale_not_found" };
    return { ok: { saleID: sale.id, invited: await invitedUsers.mayBuy(sale, session) } };
  });
}
