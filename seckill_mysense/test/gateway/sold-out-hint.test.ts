import { describe, expect, test } from "bun:test";
import { splitIntoBuckets } from "../../src/domain/buckets.ts";
import { RefusedReservations, SoldOutHint } from "../../src/gateway/sold-out-hint.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { startTestGateway, type TestGateway, testProduct } from "../fakes/test-gateway.ts";

const actor = "the merchant";
const limits = { sold_out_hint_ms: 60_000 };

/** A buyer who has been refused by the gate, and then by the gateway alone. */
async function refusedBuyer({ url, gate }: TestGateway, name: string, productId: string) {
  const buyer = new TestBuyer(url);
  const { userID } = (await buyer.register(name)).body as { userID: string };
  const token = await buyer.token(productId);
  const ask = async (): Promise<number> => (await buyer.check(productId, token)).status;
  expect(await ask()).toBe(410);
  const { reserveCalls } = gate;
  expect(await ask()).toBe(410);
  expect(gate.reserveCalls).toBe(reserveCalls);
  return { ask, userId: userID };
}

async function sellOut({ url }: TestGateway, productId: string, units: number): Promise<void> {
  for (let unit = 0; unit < units; unit++) {
    const buyer = new TestBuyer(url);
    await buyer.register(`Holder ${unit}`);
    expect((await buyer.check(productId, await buyer.token(productId))).status).toBe(202);
  }
}

/** Does this between the moment when the gateway knows a change and the moment when the gate has it. */
function beforeAmending({ gate }: TestGateway, work: () => Promise<void>): void {
  const amend = gate.amend.bind(gate);
  gate.amend = async (...args) => {
    gate.amend = amend;
    await work();
    return amend(...args);
  };
}

describe("what a gateway refuses by itself ends", () => {
  test("as soon as it has brought new units to the gate, also if the gate refused somebody just before", async () => {
    await using system = await startTestGateway({ limits });
    await sellOut(system, "headphones", 2);
    const { ask } = await refusedBuyer(system, "Eve", "headphones");
    await system.ledger.changes.change("spring", { kind: "restock", productId: "headphones", units: 1 }, { actor });
    let between = 0;
    beforeAmending(system, async () => void (between = await ask()));
    await system.gateway.catalogue.refresh();
    expect(between).toBe(410);
    expect(await ask()).toBe(202);
  });

  test("for the buyers of all buckets with a change of one of them", async () => {
    await using system = await startTestGateway({ limits });
    const { ledger, gate, gateway } = system;
    const sale = { id: "hot", title: "Hot", startsAtMs: system.now() - 1_000, endsAtMs: system.now() + 3_600_000 };
    const buckets = splitIntoBuckets({ ...testProduct, id: "lamp", saleId: "hot", total: 2 }, 2);
    await ledger.changes.create(sale, buckets, { actor, state: "published" });
    const { sale: record, products } = (await ledger.changes.read("hot"))!;
    for (const product of products) await gate.arm(record, product, 0);
    await gateway.catalogue.refresh();
    // Names until there is a buyer of each bucket.
    const refused = new Map<string, () => Promise<number>>();
    for (let index = 0; refused.size < 2; index++) {
      const { ask, userId } = await refusedBuyer(system, `Eve${index}`, "lamp");
      refused.set(gateway.catalogue.findFor("lamp", userId)!.product.id, ask);
    }
    // A unit is to leave one bucket: only the row of that one changes.
    const [from, to] = [...refused.keys()] as [string, string];
    expect(await ledger.changes.askForMove({ from, to, units: 1 })).toBeDefined();
    const asked: boolean[] = [];
    beforeAmending(system, async () => {
      for (const ask of refused.values()) {
        const { reserveCalls } = gate;
        await ask();
        asked.push(gate.reserveCalls > reserveCalls);
      }
    });
    await gateway.catalogue.refresh();
    expect(asked).toEqual([true, true]);
  });

  test("within a second in a sale of many products too, because its gate is looked at before the others", async () => {
    await using system = await startTestGateway({ limits });
    const { ledger, gate, gateway } = system;
    const sale = { id: "large", title: "Large", startsAtMs: system.now() - 1_000, endsAtMs: system.now() + 3_600_000 };
    const many = Array.from({ length: 3_000 }, (_, index) => ({
      ...{ ...testProduct, id: `thing-${index}`, saleId: "large" },
    }));
    await ledger.changes.create(sale, many, { actor, state: "published" });
    const { sale: record, products } = (await ledger.changes.read("large"))!;
    for (const product of products) await gate.arm(record, product, product.total);
    while (
      gateway.catalogue
        .sales()
        .flatMap((one) => one.products)
        .some(({ isDue }) => isDue)
    ) {
      await gateway.catalogue.refresh();
    }
    await sellOut(system, "headphones", 2);
    const { ask } = await refusedBuyer(system, "Eve", "headphones");
    // This look is the gate's own answer to the buyer. What follows are refusals of the gateway alone.
    await gateway.catalogue.refresh();
    expect(await ask()).toBe(410);
    await gate.giveBack({ ...gate.accepted[0]! });
    await gateway.catalogue.refresh();
    expect(await ask()).toBe(202);
  });
});

test("whoever wants more units than are left is not refused when it then wants fewer", async () => {
  await using system = await startTestGateway({ limits, product: { total: 2, limitPerUser: 3 } });
  const buyer = new TestBuyer(system.url);
  await buyer.register("Ada");
  const bearer = await buyer.token("headphones");
  const ask = (quantity: number) => buyer.send("POST", `/check?productID=headphones&quantity=${quantity}`, { bearer });
  for (let tries = 0; tries < 2; tries++) expect((await ask(3)).body).toMatchObject({ error: "too_few_left", left: 2 });
  expect((await ask(2)).status).toBe(202);
});

test("a refusal of an earlier epoch that comes late refuses nobody", () => {
  const hint = new SoldOutHint(new RefusedReservations(64), 60_000);
  hint.soldOut("of now", 2, 0);
  hint.soldOut("from before", 1, 0);
  expect([hint.hasRefused("of now"), hint.hasRefused("from before")]).toEqual([true, false]);
});

test("a table of refused reservations that is a quarter full has forgotten hardly any of them", () => {
  const capacity = 65_536;
  const refused = new RefusedReservations(capacity);
  const ids = Array.from({ length: capacity / 4 }, (_, number) => `reservation-${number}`);
  for (const id of ids) refused.add(id, 1);
  // With a single slot for each, it would be more than a tenth.
  expect(ids.filter((id) => !refused.has(id, 1)).length / ids.length).toBeLessThan(0.01);
  expect(ids.filter((id) => refused.has(id, 2))).toEqual([]);
});
