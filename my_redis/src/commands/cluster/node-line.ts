import { addressText, nodeAddress } from "../../cluster/node-address.ts";
import type { Context } from "../../dispatch/context.ts";
import type { ClusterPort } from "../../dispatch/ports.ts";
import { slotRanges } from "../../cluster/slot-ranges.ts";

/** One node as a line of CLUSTER NODES. */
export function nodeLine(
  { client, server }: Context,
  { addresses, members, links }: ClusterPort,
  node: number,
): string {
  const name = members.names[node] as string;
  const link = links[node];
  const primary = members.primaryOf[node] as number;
  const isPrimary = primary === node;
  const flags = [
    ...(node === members.self ? ["myself"] : []),
    isPrimary ? "master" : "slave",
    ...(link?.gone === true ? ["fail"] : []),
  ];
  const { clock, environment } = server;
  const heardAtMs = link === undefined ? 0 : Math.round(clock.nowMs - (environment.monotonicMs() - link.heardAtMs));
  const connected = link === undefined || link.isOpen;
  const slots = slotRanges(members)
    .filter((range) => range.node === node)
    .map(({ start, end }) => (start === end ? `${start}` : `${start}-${end}`));
  // The part after "@" is the bus port: the one at which the other nodes reach it, which may be that of clients.
  const address = `${addressText(addresses.of(node, client.channel.encrypted))}@${nodeAddress(name).port}`;
  const parts = [
    members.ids[node],
    address,
    flags.join(","),
    isPrimary ? "-" : members.ids[primary],
    0,
    heardAtMs,
    0,
    connected ? "connected" : "disconnected",
  ];
  return `${[...parts, ...slots].join(" ")}\n`;
}
