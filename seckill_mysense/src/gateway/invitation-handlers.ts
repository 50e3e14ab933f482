import type { Invitations } from "../authorization/invitations.ts";
import { createInvitation } from "../contract/invitations.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";

/** For a program that has verified a phone, a mail address, an identity elsewhere, or whatever tells persons apart. */
export function mountInvitations(
  app: GatewayApp,
  mount: MountOptions,
  { invitations }: { readonly invitations: Invitations },
): void {
  mountEndpoint(app, createInvitation, mount, ({ body }) => {
    const expiresAtMs = mount.now() + body.validSeconds * 1_000;
    return { ok: { invitation: invitations.issue({ personId: body.personID, expiresAtMs }), expiresAtMs } };
  });
}
