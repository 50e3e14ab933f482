import { describe, expect, test } from "bun:test";
import { sessionCookieName, Sessions } from "../../src/authorization/sessions.ts";
import { CodeService } from "../../src/sales/code-service.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { programServices } from "../roles/program-services.ts";
import { ShopInRoles } from "./shop-in-roles.ts";

const { missing, reason } = programServices;
const timeoutMs = 120_000;
const { id: productId, saleId } = testProduct;
const codes = 20;

describe.skipIf(missing)(`invitation codes over two gateways of which one is killed${reason}`, () => {
  test(
    "invite one user each, also when two hand one in at the same moment, and when the answer is lost",
    async () => {
      await using shop = await ShopInRoles.open({});
      const times = { startsAtMs: Date.now() - 1_000, endsAtMs: Date.now() + 3_600_000, invitedOnly: true } as const;
      await shop.addSale(saleId, { [productId]: 100 }, times);
      const made = await new CodeService(shop.ledger).make(saleId, { count: codes }, "test");
      const names = ["gateway 1", "gateway 2"];
      await Promise.all(names.map((name) => shop.start(name)));
      const sessions = new Sessions([testSecret], 3_600_000);
      const post = async (user: string, gateway: string, path: string, json: object): Promise<string> => {
        const { cookie } = sessions.open({ id: user, name: user, sessionEpoch: 0 }, Date.now());
        const headers = { cookie: `${sessionCookieName}=${cookie}`, "content-type": "application/json" };
        const url = `${shop.program(gateway).url}${path}`;
        const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(json) });
        const body = (await response.json()) as { error?: string };
        return response.status === 200 ? "ok" : (body.error ?? String(response.status));
      };
      const use = (user: string, gateway: string, code: string): Promise<string> =>
        post(user, gateway, "/api/invitation-code", { saleID: saleId, code });
      const token = (user: string, gateway: string): Promise<string> =>
        post(user, gateway, "/api/token", { productID: productId });

      for (const { number, code } of made) {
        const rivals = names.map((gateway, index) => ({ user: `user-${number}-${index}`, gateway }));
        const outcomes = await Promise.all(rivals.map(({ user, gateway }) => use(user, gateway, code)));
        expect(outcomes.toSorted()).toEqual(["code_taken", "ok"]);
        // The other gateway knows it as well.
        const tokens = await Promise.all(rivals.map(({ user }, index) => token(user, names[1 - index]!)));
        expect(tokens).toEqual(outcomes.map((outcome) => (outcome === "ok" ? "ok" : "code_required")));
      }

      const [last] = await new CodeService(shop.ledger).make(saleId, { count: 1 }, "test");
      const asked = use("ada", "gateway 1", last!.code).catch(() => "no answer");
      await shop.program("gateway 1").process.kill("SIGKILL");
      await asked;
      // Whoever got no answer asks again, and finds what was written or writes it now.
      expect(await use("ada", "gateway 2", last!.code)).toBe("ok");
      expect(await use("bob", "gateway 2", last!.code)).toBe("code_taken");
      expect(await token("ada", "gateway 2")).toBe("ok");
    },
    timeoutMs,
  );
});
