import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../../../tools/test-services/index.ts";
import { mainFile } from "../crash/my-redis-process.ts";
import { ask, logFolderOf, startOn, writtenLog } from "./log-folders.ts";

test.skipIf(process.platform !== "linux")(
  "a start that can write only a part of the closing checksum is refused, and takes the part back (Linux only)",
  async () => {
    const dir = await writtenLog({ "aof-checksum": false }, false);
    const server = await startOn(dir, { "aof-checksum": false });
    await ask(server, ["SET", "a", "x".repeat(2000)]);
    await server.close();
    const log = join(logFolderOf(dir), "appendonly.aof.1.incr.aof");
    const before = readFileSync(log, "latin1");
    const words = [process.execPath, mainFile, "--port", "0", "--dir", dir, "--appendonly", "yes"];
    const started = await startProcess({
      cmd: ["prlimit", `--fsize=${before.length + 5}`, ...words],
      readyWhen: (output) => output.stdout().includes("Ready to accept"),
    }).catch((error: Error) => error);
    if (!(started instanceof Error)) await started.kill("SIGKILL");
    expect(started instanceof Error ? started.message : "it started").toContain("EFBIG");
    expect(readFileSync(log, "latin1")).toBe(before);
  },
);
