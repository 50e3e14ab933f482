import { describe, expect, test } from "bun:test";
import { QuantityClient } from "../../client/index.ts";
import { shopKey } from "../fakes/test-quantity.ts";
import { configFolder, runProgram, startProgram } from "./program.ts";

const timeoutMs = 60_000;
const quantity = { port: 0, programs: [{ name: "shop", key: shopKey }] };
const shop = { name: "shop", key: shopKey };

describe("the role quantity", () => {
  test(
    "is part of the role all, on a port of its own, when a program is set",
    async () => {
      const { configFile } = configFolder({ quantity });
      const { process, url } = await startProgram(configFile);
      const [, port] = /"quantityPort":(\d+)/.exec(process.stdout())!;
      const client = new QuantityClient({ url: `http://127.0.0.1:${port}`, key: shopKey });
      const productId = "aurora-headphones";
      const made = await client.reserve({ productId, requestId: "order-1" });
      expect(made.status).toBe("pending");
      expect((await client.confirm("order-1")).status).toBe("confirmed");
      // The listener for buyers knows nothing of it, and the key is in no log.
      expect((await fetch(`${url}/remaining/${productId}`)).status).toBe(404);
      expect(process.stdout()).not.toContain(shopKey);
      await process.stop();
      expect((await runProgram(["verify", "--at-rest", "--config", configFile])).code).toBe(0);
    },
    timeoutMs,
  );

  test(
    "does not start without a program, without a shared gate, or with a key file that is missing",
    async () => {
      const refusal = async (parts: Record<string, object>): Promise<string> => {
        const { code, stderr } = await runProgram(["quantity", "--config", configFolder(parts).configFile]);
        expect(code).toBe(1);
        return stderr;
      };
      expect(await refusal({})).toStartWith("quantity.programs is empty: the role quantity needs at least one program");
      expect(await refusal({ quantity })).toContain("so the role quantity needs one of them");
      const { configFile } = configFolder({
        quantity: { ...quantity, programs: [{ name: "shop", key_file: "none" }] },
      });
      const all = await runProgram(["--config", configFile]);
      expect([all.code, all.stderr]).toEqual([2, expect.stringContaining("none cannot be read: ENOENT")]);
    },
    timeoutMs,
  );

  test(
    "does not start on a port that is in use",
    async () => {
      await using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
      const { configFile } = configFolder({ quantity: { port: taken.port, programs: [shop] } });
      const ended = await runProgram(["--config", configFile]);
      expect([ended.code, ended.stderr]).toEqual([
        1,
        `quantity.port ${taken.port} on 127.0.0.1 is in use by another process\n`,
      ]);
    },
    timeoutMs,
  );
});
