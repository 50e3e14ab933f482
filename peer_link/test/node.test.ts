import { expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, startProcess, temporaryFolder } from "../../tools/test-services/index.ts";

const entry = fileURLToPath(new URL("../index.ts", import.meta.url));
const node = findProgram("node");

test.skipIf(node === undefined)("Node reads the same frames as Bun", async () => {
  const folder = temporaryFolder("peer-link-node");
  const built = await Bun.build({ entrypoints: [entry], target: "browser", outdir: folder });
  expect(built.success).toBe(true);
  const program = `
    import { FrameReader, parseAddress } from ${JSON.stringify(join(folder, "index.js"))};
    const seen = [];
    const reader = new FrameReader({ minBytes: 1, maxBytes: 9 }, (bytes, start, end) => seen.push([...bytes.subarray(start, end)]) > 0);
    reader.feed(Uint8Array.of(0, 0, 0, 2, 7, 8, 0, 0));
    const failure = reader.feed(Uint8Array.of(0, 1, 9, 255, 0, 0, 0));
    console.log(JSON.stringify([seen, failure, parseAddress("[::1]:7")]));`;
  const run = await startProcess({
    cmd: [node as string, "--input-type=module", "-e", program],
    readyWhen: ({ exit }) => exit !== undefined,
  });
  const failure = { bytes: 0xff00_0000, minBytes: 1, maxBytes: 9 };
  expect(JSON.parse(run.stdout())).toEqual([[[7, 8], [9]], failure, { host: "::1", port: 7 }]);
});
