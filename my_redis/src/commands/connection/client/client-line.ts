import type { Client } from "../../../dispatch/client.ts";
import { clientBytes } from "../../../dispatch/client-memory.ts";
import type { Context } from "../../../dispatch/context.ts";
import { isUnixSocket } from "../../../dispatch/local-client.ts";

/** One client as CLIENT LIST and CLIENT INFO show it. */
export function clientLine(context: Context): string {
  const { client } = context;
  const { channel, transaction } = client;
  const seconds = (sinceMs: number): number => Math.floor((context.monotonicMs - sinceMs) / 1000);
  const fields: readonly [string, string | number][] = [
    ["id", client.id],
    ["addr", channel.remoteAddress],
    ["laddr", channel.localAddress],
    // The runtime does not show a socket's file descriptor.
    ["fd", -1],
    ["name", client.name],
    ["age", seconds(client.createdAtMs)],
    ["idle", seconds(client.lastActiveMs)],
    ["flags", flagsOf(client)],
    ["db", client.database],
    ["sub", client.subscriptions?.channel.size ?? 0],
    ["psub", client.subscriptions?.pattern.size ?? 0],
    ["ssub", client.subscriptions?.shard.size ?? 0],
    ["multi", transaction === undefined ? -1 : transaction.queued.length],
    ["qbuf", channel.receivedBytes],
    ["qbuf-free", 0],
    ["argv-mem", 0],
    ["multi-mem", transaction?.queuedBytes ?? 0],
    ["rbs", 0],
    ["rbp", 0],
    ["obl", 0],
    ["oll", channel.pendingBytes > 0 ? 1 : 0],
    ["omem", channel.pendingBytes],
    ["tot-mem", clientBytes(client)],
    ["events", channel.pendingBytes > 0 ? "rw" : "r"],
    ["cmd", client.lastCommand?.fullName ?? "NULL"],
    ["user", client.user],
    ["redir", client.tracking?.mode.redirect ?? -1],
    ["resp", client.protocol],
    ["lib-name", client.libraryName],
    ["lib-ver", client.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

function flagsOf(client: Client): string {
  let flags = client.isReplica ? "S" : client.kind === "primary" ? "M" : "";
  if (client.monitoring) flags += "O";
  if (client.subscriptions !== undefined) flags += "P";
  if (client.transaction !== undefined) flags += "x";
  if (client.blocked !== undefined || client.isPostponed) flags += "b";
  if (client.tracking !== undefined) flags += `t${client.tracking.isBroken ? "R" : ""}`;
  if (client.tracking?.mode.broadcast === true) flags += "B";
  if (client.watchBroken) flags += "d";
  if (client.closing) flags += "c";
  if (isUnixSocket(client.channel.remoteAddress)) flags += "U";
  if (client.noEvict) flags += "e";
  if (client.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}
