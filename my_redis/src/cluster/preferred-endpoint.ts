import type { NodeEndpoint } from "../dispatch/ports.ts";
import type { SettingValues } from "../settings/settings.ts";

/** The host that a client is given for a node; undefined where it is to stay with the host that it uses. */
export function preferredHost(values: SettingValues, { ip, hostname }: NodeEndpoint): string | undefined {
  const type = values["cluster-preferred-endpoint-type"];
  if (type === "ip") return ip;
  // As in Redis, a question mark stands for a node that has no name.
  return type === "hostname" ? hostname || "?" : undefined;
}
