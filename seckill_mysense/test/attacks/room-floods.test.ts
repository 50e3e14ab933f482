import { expect, test } from "bun:test";
import { RoomShop } from "../gateway/room-shop.ts";

const queue = { mode: "queue", closesAtMs: undefined, admitPer1000Seconds: 10_000 } as const;
const [hands, tries, burst] = [20, 400, 40];

test("a flood of entries and questions of one user asks the ledger no further, and others are served meanwhile", async () => {
  await using shop = await RoomShop.open(queue, { limits: { room_per_user: {} } });
  const [mallory] = await shop.entered(1);
  await shop.goTo(shop.opensAtMs + 60_000);
  const { rooms } = shop.shop.ledger;
  const enter = rooms.enter.bind(rooms);
  let asked = 0;
  rooms.enter = (request) => {
    asked++;
    return enter(request);
  };
  const statuses = new Map<number, number>();
  let left = tries;
  const flood = Array.from({ length: hands }, async () => {
    while (left-- > 0) {
      const { status } = await (left % 2 === 0 ? shop.enter(mallory!) : shop.read(mallory!));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  const legal = await Promise.all(["ada", "bob", "cleo"].map((name) => shop.buyer(name)));
  for (const buyer of legal) {
    expect((await shop.enter(buyer)).status).toBe(200);
    for (let index = 0; index < 5; index++) expect((await shop.read(buyer)).status).toBe(200);
  }
  await Promise.all(flood);
  expect(statuses).toEqual(
    new Map([
      [200, burst],
      [429, tries - burst],
    ]),
  );
  // Those who came first together, before there was an answer to remember.
  expect(asked - legal.length).toBeWithin(1, hands + 1);
});

test("entries before the opening ask the ledger nothing, however many they are", async () => {
  await using shop = await RoomShop.open(queue);
  const buyer = await shop.buyer("early");
  const { rooms } = shop.shop.ledger;
  rooms.enter = () => Promise.reject(new Error("the ledger was asked"));
  const answers = await Promise.all(Array.from({ length: 50 }, () => shop.enter(buyer)));
  expect(new Set(answers.map(({ body }) => body.error))).toEqual(new Set(["room_not_open"]));
});
