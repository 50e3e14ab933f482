import { Refusal } from "../../dispatch/outcome.ts";
import type { Services } from "../../dispatch/context.ts";
import type { Cluster } from "../cluster.ts";
import type { IncomingLinks } from "../link/incoming-links.ts";
import { peerRequestKinds } from "../peer-channel.ts";
import type { RelayedClients } from "./relayed-clients.ts";

const messageBytes = 5;
const one = Uint8Array.of(1);
const zero = Uint8Array.of(0);

export interface ClientUnblockParts extends Pick<Cluster, "channel" | "spanning"> {
  readonly server: Services;
  readonly incoming: IncomingLinks;
  readonly relayed: RelayedClients;
}

/** CLIENT UNBLOCK for a client whose blocking command another node carries out: that node is asked. */
export function installClientUnblock({ server, channel, spanning, incoming, relayed }: ClientUnblockParts): void {
  channel.onRequest(peerRequestKinds.unblock, ({ from, payload, answer }) => {
    const client = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
    const session = incoming.session(from, client);
    const how = payload[messageBytes - 1] === 1 ? "error" : "timeout";
    answer(session !== undefined && server.blocking.unblock(session.client, how) ? one : zero);
  });
  spanning.set("client|unblock", {
    localInTransaction: true,
    run(context, args, reply) {
      const found = server.clients.connected.get(Number(args.latin1(2)))?.client;
      const relaying = found === undefined ? undefined : relayed.get(found.id);
      if (found === undefined || relaying === undefined || relaying.outstanding === 0 || found.blocked !== undefined) {
        const own = args.copy();
        const unblock = server.processor.resolve(own);
        reply.answer((writer) => {
          if (unblock instanceof Refusal) server.processor.writeError(writer, unblock.message);
          else server.processor.call(context, unblock, own, writer);
        });
        return;
      }
      const message = new Uint8Array(messageBytes);
      new DataView(message.buffer).setUint32(0, found.id, true);
      message[messageBytes - 1] = args.count > 3 && args.is(3, "error") ? 1 : 0;
      channel.request(relaying.node, peerRequestKinds.unblock, message, (answer) => {
        reply.answer((writer) => writer.integer(answer?.[0] ?? 0));
      });
    },
  });
}
