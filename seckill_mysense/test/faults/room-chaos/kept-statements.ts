import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../../tools/test-services/index.ts";
import { testProduct } from "../../fakes/test-gateway.ts";
import { runProgram } from "../../roles/program.ts";
import { placesOf } from "./broken-rules.ts";
import type { ChaosShop } from "./chaos-shop.ts";
import type { ToldVisitor } from "./told.ts";

const { saleId } = testProduct;

/** What somebody keeps of a room who does not trust the shop. */
export class KeptStatements {
  readonly #shop: Pick<ChaosShop, "urls">;
  readonly #heads: unknown[] = [];
  #announcement: unknown;

  constructor(shop: Pick<ChaosShop, "urls">) {
    this.#shop = shop;
  }

  async keep(): Promise<void> {
    for (const url of this.#shop.urls()) {
      const response = await fetch(`${url}/api/room/heads?saleID=${saleId}`).catch(() => undefined);
      if (response?.status !== 200) continue;
      const { heads, announcement } = (await response.json()) as { heads: unknown[]; announcement?: unknown };
      this.#heads.push(...heads);
      this.#announcement ??= announcement;
    }
  }

  /** With what everybody kept, at each gateway, by the command line and without the shop. */
  async verifyDraws(
    visitors: readonly ToldVisitor[],
  ): Promise<{ readonly drawn: number | undefined; readonly failed: readonly string[] }> {
    await this.keep();
    const folder = temporaryFolder("room-chaos");
    const keep = (name: string, value: unknown): string => {
      const file = join(folder, name);
      writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
      return file;
    };
    const kept = [
      ...visitors.flatMap(({ receipts }, index) => ["--receipt", keep(`receipt-${index}.json`, receipts[0])]),
      ...this.#heads.slice(-50).flatMap((head, index) => ["--head", keep(`head-${index}.json`, head)]),
      ...(this.#announcement === undefined ? [] : ["--announcement", keep("announcement.json", this.#announcement)]),
    ];
    let drawn: number | undefined;
    const failed: string[] = [];
    for (const url of this.#shop.urls()) {
      const text = await (await fetch(`${url}/api/room/disclosure?saleID=${saleId}`)).text();
      const ended = await runProgram(["verify-draw", keep("room.draw", text), "--json", ...kept]);
      if (ended.code !== 0) failed.push(`verify-draw ended with ${ended.code}: ${ended.stdout}${ended.stderr}`);
      if (ended.code !== 0) continue;
      const report = JSON.parse(ended.stdout) as { drawn?: number; receipts: { number: number; place?: number }[] };
      drawn = report.drawn;
      failed.push(...otherPlaces(visitors, report.receipts));
    }
    return { drawn, failed };
  }
}

/** The places that the gateways told, against those that anybody computes. */
function otherPlaces(
  visitors: readonly ToldVisitor[],
  computed: readonly { readonly number: number; readonly place?: number }[],
): string[] {
  const byNumber = new Map(computed.map(({ number, place }) => [number, place ?? number]));
  return visitors.flatMap((visitor) => {
    const [told, checked] = [placesOf(visitor)[0], byNumber.get(visitor.receipts[0]?.number ?? 0)];
    return told === checked ? [] : [`${visitor.name} was told place ${told}, and the draw gives ${checked}`];
  });
}
