import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const sources = join(import.meta.dir, "../../../deploy/nginx");
/** What the gateways call themselves. */
export const gatewayNames = ["10.0.0.1:9080", "10.0.0.2:9080", "10.0.0.3:9080"];

/** The shipped nginx.conf with a test's ports: that of nginx, and those of the gateways. */
export function writeConfiguration(folder: string, port: number, gatewayPorts: readonly number[]): void {
  cpSync(join(sources, "gateway-ring.js"), join(folder, "gateway-ring.js"));
  const nodes = gatewayNames.map((name, index) => `${name}=gateway_${index + 1}`);
  const written = Bun.spawnSync([process.execPath, join(sources, "write-ring.ts"), ...nodes]);
  writeFileSync(join(folder, "ring.json"), written.stdout);
  mkdirSync(join(folder, "cache"));
  // Started by root, nginx gives its workers, and so the cache, to another user.
  chmodSync(folder, 0o711);
  let text = readFileSync(join(sources, "nginx.conf"), "utf8");
  const replace = (from: string, to: string): void => {
    const changed = text.replaceAll(from, to);
    if (changed === text) throw new Error(`nginx.conf has no ${from}`);
    text = changed;
  };
  gatewayPorts.forEach((gatewayPort, index) => replace(`10.0.0.${index + 1}:8080`, `127.0.0.1:${gatewayPort}`));
  replace("listen 80 backlog=16384;", `listen 127.0.0.1:${port};`);
  replace("worker_processes auto;", "daemon off; worker_processes 1; pid nginx.pid;");
  replace("load_module modules/", "load_module /usr/lib/nginx/modules/");
  replace("proxy_cache_path /var/cache/nginx/sale", `proxy_cache_path ${join(folder, "cache")}`);
  replace("http {", ["http {", ...temporaryPaths].join("\n"));
  writeFileSync(join(folder, "nginx.conf"), text);
}
const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${kind};`);
