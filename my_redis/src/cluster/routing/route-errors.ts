/** Errors for requests that cannot be routed. Cluster-aware clients read the first word. */
export const routeErrors = {
  crossSlot: "CROSSSLOT Keys in request don't hash to the same slot",
  spans: (name: string): string =>
    `CROSSSLOT '${name}' concerns every node, and a transaction or script runs on one of them`,
  ofConnection: (name: string): string =>
    `CROSSSLOT '${name}' concerns the connection, and the keys of this transaction live on another node`,
  moved: (slot: number, address: string): string => `MOVED ${slot} ${address}`,
  disputed: (slot: number): string =>
    `CLUSTERDOWN Hash slot ${slot} is in dispute: the nodes' lists of peers name different members`,
  notOwner: (slot: number): string => `CLUSTERDOWN Hash slot ${slot} does not belong to the node that was asked`,
  unsettled: (patienceMs: number): string =>
    `CLUSTERDOWN The nodes have not agreed for ${patienceMs} ms which of them serves this hash slot: the command was not carried out`,
  passed:
    "CLUSTERDOWN The hash slot has moved, and a later command was carried out already: this command was not carried out",
  noRing:
    "CLUSTERDOWN This node belongs to no ring yet: it waits for the other nodes of a new one, or for CLUSTER MEET at a member of another",
  left: "CLUSTERDOWN This node is no member of its ring any more",
  ownersChanged: "CLUSTERDOWN The owners of hash slots have changed meanwhile",
  gone: (slot: number, node: string): string =>
    `CLUSTERDOWN Hash slot ${slot} is not served: node ${node} does not answer`,
  lost: (node: string): string =>
    `CLUSTERDOWN Node ${node} stopped answering: the command may or may not have been carried out`,
  full: (node: string, limitBytes: number): string =>
    `CLUSTERDOWN More than ${limitBytes} bytes wait for node ${node}: the command was not carried out`,
  scriptKey: "ERR Script attempted to access a non local key in a cluster node",
  scriptSlots: "ERR Script attempted to access keys that do not hash to the same slot",
} as const;

const notOwnerTexts = ["-MOVED ", "-CLUSTERDOWN Hash slot "].map((text) => Buffer.from(text, "latin1"));
const notOwnerEnd = Buffer.from(" does not belong to the node that was asked\r\n", "latin1");

/** Whether a reply says that the node that was asked does not own the slot: it has not carried out anything. */
export function isNotOwner(bytes: Uint8Array, start: number): boolean {
  const [moved, down] = notOwnerTexts as [Buffer, Buffer];
  if (beginsWith(bytes, start, moved)) return true;
  return beginsWith(bytes, start, down) && endsLine(bytes, start);
}

const beginsWith = (bytes: Uint8Array, start: number, text: Uint8Array): boolean =>
  text.every((byte, at) => bytes[start + at] === byte);

function endsLine(bytes: Uint8Array, start: number): boolean {
  const end = bytes.indexOf(10, start) + 1;
  return beginsWith(bytes, end - notOwnerEnd.length, notOwnerEnd);
}
