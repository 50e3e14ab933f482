import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repositoryFolder } from "../source-files.ts";
import { release, ReleaseError } from "./release.ts";

/** `npm run release -- 0.2.0`: see RELEASING.md. */
const [version, ...rest] = process.argv.slice(2);
if (version === undefined || rest.length > 0) {
  console.error("usage: npm run release -- <version>");
  process.exit(2);
}
const checks = join(import.meta.dirname, "../check.ts");
try {
  release({
    folder: repositoryFolder,
    version,
    date: new Date().toISOString().slice(0, 10),
    check: () => spawnSync(process.execPath, [checks], { cwd: repositoryFolder, stdio: "inherit" }).status === 0,
  });
  console.log(`\nv${version} is committed and tagged here. RELEASING.md says how it is pushed and published.`);
} catch (error) {
  if (!(error instanceof ReleaseError)) throw error;
  console.error(`no release: ${error.message}`);
  process.exitCode = 1;
}
