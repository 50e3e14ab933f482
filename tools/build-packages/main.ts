import { buildPackages } from "./build-packages.ts";

/** `npm run build`, or `npm run build -- my-redis`: makes what is published from the sources. See CONTRIBUTING.md. */
await buildPackages(process.argv.slice(2));
