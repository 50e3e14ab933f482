import type { Services } from "../../dispatch/context.ts";
import { type AnnouncedEndpoints, readAnnouncement } from "../announced-endpoints.ts";
import type { Members } from "../members.ts";
import { type PeerChannel, peerRequestKinds } from "../peer-channel.ts";

export interface AnnouncementParts {
  readonly server: Pick<Services, "settings">;
  readonly members: Members;
  readonly channel: PeerChannel;
  readonly endpoints: AnnouncedEndpoints;
}

const directives = [
  "cluster-announce-ip",
  "cluster-announce-port",
  "cluster-announce-bus-port",
  "cluster-announce-hostname",
] as const;
const nothing = new Uint8Array(0);

/** Greetings say where clients reach a node. Other nodes with links hear of a later change at once. */
export function installAnnouncements({ server, members, channel, endpoints }: AnnouncementParts): void {
  channel.onRequest(peerRequestKinds.announce, ({ from, payload, answer }) => {
    const announcement = readAnnouncement(JSON.parse(Buffer.from(payload).toString("utf8")));
    if (announcement !== undefined) endpoints.take(members.names[from] as string, announcement);
    answer(nothing);
  });
  let isDue = false;
  const tell = (): void => {
    isDue = false;
    const payload = Buffer.from(JSON.stringify(endpoints.own()), "utf8");
    // A node that does not hear it now has no link, and hears it in the next greeting.
    for (const node of members.names.keys()) {
      if (node !== members.self) channel.request(node, peerRequestKinds.announce, payload, () => {});
    }
  };
  for (const directive of directives) {
    server.settings.onChange(directive, () => {
      // Once for all directives of a CONFIG SET, which a later one may still refuse.
      if (!isDue) queueMicrotask(tell);
      isDue = true;
    });
  }
}
