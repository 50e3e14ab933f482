import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { processIsAlive, startProcess, waitUntil } from "../index.ts";

const testServices = fileURLToPath(new URL("../index.ts", import.meta.url));
const endings = {
  returns: "",
  throws: "throw new Error('on purpose');",
  "is killed": "process.kill(process.pid, 'SIGKILL');",
};

for (const [ending, lastStatement] of Object.entries(endings)) {
  test(`a process that ${ending} leaves no server and no folder behind`, async () => {
    const program = `
      import { startProcess, temporaryFolder } from ${JSON.stringify(testServices)};
      const ended = await startProcess({ cmd: ["true"], readyWhen: (process) => process.exit !== undefined });
      const running = await startProcess({ cmd: ["sleep", "60"] });
      const other = await startProcess({ cmd: ["sleep", "60"] });
      console.log("started", running.pid, other.pid, temporaryFolder("reaper-test"));
      ${lastStatement}`;
    const run = await startProcess({
      cmd: [process.execPath, "-e", program],
      readyWhen: ({ exit }) => exit !== undefined,
    });
    const match = /started (\d+) (\d+) (\S+)/.exec(run.stdout());
    const [, pid, otherPid, folder = ""] = match ?? [];
    expect(folder).toContain("reaper-test");
    const gone = () => !processIsAlive(Number(pid)) && !processIsAlive(Number(otherPid)) && !existsSync(folder);
    await waitUntil(gone, { what: "the reaper to clean up", timeoutMs: 10_000 });
  });
}
