import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryFolder } from "../source-files.ts";
import { findProgram } from "../test-services/index.ts";
import type { StartedServer } from "./units.ts";

/**
 * Writes the program "redis-server" that the suite starts with a file of directives. It starts the given kinds of servers
 * in turn. A server that starts again with the same file is of the same kind.
 */
export function writeServerStarter(folder: string, servers: readonly StartedServer[]): void {
  const redis = findProgram("redis-server");
  if (redis === undefined && servers.includes("redis-server")) throw new Error("there is no redis-server here");
  const path = join(folder, "redis-server");
  const script = `#!/bin/bash
kinds=(${servers.join(" ")})
file=$1
if [ ! -e "$file.kind" ]; then
  exec 9>>${join(folder, "started")}
  flock 9
  number=$(wc -l < ${join(folder, "started")})
  echo "$file" >&9
  exec 9>&-
  echo "\${kinds[$((number % \${#kinds[@]}))]}" > "$file.kind"
fi
if [ "$(cat "$file.kind")" = redis-server ]; then exec ${redis} "$@"; fi
# The suite looks for this line of redis-server.
echo "$$:M 00 PID: $$ Server initialized"
exec ${process.execPath} ${join(repositoryFolder, "my_redis", "main.ts")} "$@"
`;
  writeFileSync(path, script, { mode: 0o755 });
}
