import type { Services } from "../../dispatch/context.ts";
import type { ClusterPort } from "../../dispatch/ports.ts";
import { slotRanges } from "../../cluster/slot-ranges.ts";

/** One node as a line of CLUSTER NODES. */
export function nodeLine(server: Services, { endpoints, members, links }: ClusterPort, node: number): string {
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
  // The part after "@" is the bus port. Nodes and clients use the same port here, unless another one is announced.
  const { ip, port, busPort, hostname } = endpoints.of(node);
  const address = `${ip}:${port}@${busPort}${hostname === "" ? "" : `,${hostname}`}`;
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
