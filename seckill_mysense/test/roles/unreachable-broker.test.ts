import { expect, test } from "bun:test";
import { freePort, waitUntil } from "../../../tools/test-services/index.ts";
import { demoProductId } from "../../src/roles/demo-sale.ts";
import { buyerWithToken } from "../fakes/test-buyer.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, type RunningProgram, startProgram } from "./program.ts";

const shutdownSeconds = 10;

/** Settings with a broker that refuses connections. The sale opens a little after the start. */
async function refusedBroker(): Promise<string> {
  const { configFile } = configFolder({
    backend: { api_secret: testSecret, shutdown_seconds: shutdownSeconds },
    rabbitmq: { url: `amqp://127.0.0.1:${await freePort()}` },
    sale: { demo_starts_in_seconds: 2 },
  });
  return configFile;
}

/** Expects an orderly stop well within the limit. */
async function expectPromptStop({ process }: RunningProgram): Promise<void> {
  const startedMs = performance.now();
  await process.stop({ timeoutMs: shutdownSeconds * 2_000 });
  expect(process.stdout()).toContain('"message":"stopped"');
  expect(performance.now() - startedMs).toBeLessThan(shutdownSeconds * 300);
}

test("the whole system stops soon while its broker refuses connections, also with a reservation to publish", async () => {
  const system = await startProgram(await refusedBroker());
  const [buyer, bearer] = await buyerWithToken(system.url, "Ada", demoProductId);
  const isAccepted = async (): Promise<boolean> => (await buyer.check(demoProductId, bearer)).status === 202;
  await waitUntil(isAccepted, { what: "the sale to be open", timeoutMs: 10_000 });
  // By now the relay has begun to publish, and waits for the broker.
  await Bun.sleep(1_000);
  await expectPromptStop(system);
});

test("a consumer alone stops soon while its broker refuses connections", async () => {
  const consumer = await startProgram(await refusedBroker(), { role: "consumer" });
  await Bun.sleep(1_000);
  await expectPromptStop(consumer);
});
