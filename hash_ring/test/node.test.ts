import { expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, startProcess, temporaryFolder } from "../../tools/test-services/index.ts";
import { HashRing } from "../index.ts";

const entry = fileURLToPath(new URL("../index.ts", import.meta.url));
const node = findProgram("node");

test.skipIf(node === undefined)("Node finds the same owners as Bun", async () => {
  const folder = temporaryFolder("hash-ring-node");
  const built = await Bun.build({ entrypoints: [entry], target: "node", outdir: folder });
  expect(built.success).toBe(true);
  const program = `
    import { HashRing } from ${JSON.stringify(join(folder, "index.js"))};
    const ring = new HashRing(["a", "b", "łódź"]);
    console.log(JSON.stringify(Array.from({ length: 1000 }, (_, key) => ring.owner("ключ " + key))));`;
  const run = await startProcess({
    cmd: [node as string, "--input-type=module", "-e", program],
    readyWhen: ({ exit }) => exit !== undefined,
  });
  const ring = new HashRing(["a", "b", "łódź"]);
  expect(JSON.parse(run.stdout())).toEqual(Array.from({ length: 1000 }, (_, key) => ring.owner("ключ " + key)));
});
