import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Path of the program that runs a server, for the present runtime. In the installed package all code is in `dist`; in
 * the repository it is in `src`. The file is missing when a bundler has put this package into another program.
 */
export function serverProgram(): string {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  return join(folder, basename(folder) === "dist" ? "../bin/my-redis-server.js" : "../main.ts");
}
