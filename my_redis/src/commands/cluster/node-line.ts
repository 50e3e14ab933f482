import type { Context } from "../../dispatch/context.ts";
import type { ClusterPort, MemberList } from "../../dispatch/ports.ts";
import { slotRanges } from "../../cluster/slot-ranges.ts";

/** One node as a line of CLUSTER NODES. */
export function nodeLine(
  { client, server }: Context,
  { endpoints, members, links, seat }: ClusterPort,
  node: number,
): string {
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
  const { ip, port, busPort, hostname } = endpoints.of(node, client.channel.encrypted);
  const address = `${ip}:${port}@${busPort}${hostname === "" ? "" : `,${hostname}`}`;
  const parts = [
    members.ids[node],
    address,
    flags.join(","),
    isPrimary ? "-" : members.ids[primary],
    0,
    heardAtMs,
    epochOf(members, seat, primary),
    connected ? "connected" : "disconnected",
  ];
  return `${[...parts, ...slots].join(" ")}\n`;
}

/** The epoch of the place that a primary serves. Places have no epochs where the members are fixed. */
export function epochOf({ primaries, seats }: MemberList, seat: ClusterPort["seat"], primary: number): number {
  const name = seats[primaries.indexOf(primary)];
  return name === undefined ? 0 : (seat?.status.seatEpochs.get(name) ?? 0);
}
