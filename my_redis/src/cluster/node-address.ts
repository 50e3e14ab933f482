/** Host and port of a node, told from its name: "10.0.0.1:6379", "[::1]:6379", "redis-1.internal:6379". */
export function nodeAddress(name: string): { readonly host: string; readonly port: number } {
  const colon = name.lastIndexOf(":");
  return { host: name.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(name.slice(colon + 1)) };
}
