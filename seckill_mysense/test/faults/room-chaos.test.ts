import { describe, expect, test } from "bun:test";
import { propertySeed } from "../../../tools/property-seed.ts";
import { SeededRandom } from "../../../tools/seeded-random.ts";
import { programServices } from "../roles/program-services.ts";
import { ChaosRound } from "./room-chaos/chaos-round.ts";
import { BallotRound } from "./room-chaos/ballot-round.ts";
import { ballotClocks, openBuiltIn, openRoles } from "./room-chaos/chaos-shop.ts";

const { missing, reason } = programServices;
const timeoutMs = 240_000;

/** `npm run chaos:rooms` goes on for longer. */
describe("a waiting room while its processes are killed, leave and join, with clocks ten seconds apart", () => {
  test.skipIf(missing)(
    `over three gateways on MariaDB: nobody loses a place or has two, and the rate holds${reason}`,
    async () => {
      const random = new SeededRandom(propertySeed());
      await using shop = await openRoles(random.fork());
      const { broken, disturbances, drawn } = await new ChaosRound(shop, random, "draw").run();
      expect(broken).toEqual([]);
      expect(disturbances.length).toBeGreaterThan(1);
      expect(drawn).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  test(
    "of the whole program with its built-in ledger: nobody loses a place or has two, and the rate holds",
    async () => {
      const random = new SeededRandom(propertySeed());
      await using shop = await openBuiltIn(random.fork());
      const { broken, disturbances } = await new ChaosRound(shop, random, "queue").run();
      expect(broken).toEqual([]);
      expect(disturbances.length).toBeGreaterThan(1);
    },
    timeoutMs,
  );

  test(
    "and a ballot of it: no unit stays unsold while people wait, nobody is admitted in vain, and the draw holds",
    async () => {
      const random = new SeededRandom(propertySeed());
      await using shop = await openBuiltIn(random.fork(), ballotClocks);
      const { broken, disturbances, drawn } = await new BallotRound(shop, random).run();
      expect(broken).toEqual([]);
      expect(disturbances.length).toBeGreaterThan(1);
      expect(drawn).toBeDefined();
    },
    timeoutMs,
  );
});
