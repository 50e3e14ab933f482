import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  browserForTests,
  desktop,
  heading,
  narrowPhone,
  openPage,
  overflows,
} from "../../seckill_mysense/test/browser/sale-browser.ts";
import { requireService, temporaryFolder } from "../../tools/test-services/index.ts";
import { reportOf } from "./judge.ts";
import { entriesOf, holdDraw, textOf } from "./room.ts";

const service = requireService("chromium");
const web = join(import.meta.dir, "../web");

/** A server that gives the page and nothing else. */
async function servePage() {
  const built = await Bun.build({ entrypoints: [join(web, "verify-draw.ts")], target: "browser", minify: true });
  const files: Record<string, readonly [string, string]> = {
    "/": ["text/html; charset=utf-8", await Bun.file(join(web, "verify-draw.html")).text()],
    "/verify-draw.css": ["text/css", await Bun.file(join(web, "verify-draw.css")).text()],
    "/verify-draw.ts": ["text/javascript", await built.outputs[0]!.text()],
  };
  const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'none'";
  const requested: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      requested.push(pathname);
      const [type, content] = files[pathname] ?? [];
      if (type === undefined) return new Response(null, { status: 404 });
      return new Response(content, { headers: { "content-type": type, "content-security-policy": policy } });
    },
  });
  return { url: server.url.origin, requested, [Symbol.asyncDispose]: () => server.stop(true) };
}

describe.skipIf(service.missing)(`the page that checks a draw${service.reason}`, () => {
  const browser = browserForTests();
  const folder = temporaryFolder("fair-draw-page");
  const file = join(folder, "draw.jsonl");
  const held = holdDraw(entriesOf(9, 3), 9);

  for (const [viewport, scheme] of [
    [narrowPhone, "dark"],
    [desktop, "light"],
  ] as const) {
    test(`says the place at ${viewport.width} pixels, and sends nothing`, async () => {
      writeFileSync(file, await textOf(held));
      const receipt = held.receipts[4]!;
      const place = (await reportOf(await textOf(held), { receipts: [receipt] })).receipts[0]!.place!;
      await using served = await servePage();
      await using opened = await openPage(browser(), served, "/", viewport, scheme);
      const { page, complaints } = opened;
      await page.getByLabel("File of the draw").setInputFiles(file);
      await page.getByLabel("Your receipt").fill(JSON.stringify(receipt, undefined, 2));
      await page.getByText("More that you kept").click();
      await page.getByLabel("Announcement").fill(JSON.stringify(held.announcement));
      await page.getByLabel("Signed head of the line").fill(JSON.stringify(held.heads[7]));
      await page.getByRole("button", { name: "Check" }).click();
      await heading(page, "All that can be checked fits together");
      expect(await page.getByText("Your place:").textContent()).toBe(`Your place: ${place}`);
      expect(await page.getByRole("list", { name: "Checks" }).getByRole("listitem").count()).toBe(12);
      expect(await overflows(page)).toBe(false);
      expect(complaints).toEqual([]);
      expect(served.requested.toSorted()).toEqual(["/", "/verify-draw.css", "/verify-draw.ts"]);
    });
  }

  test("says what is wrong with the draw, with the file or with what was pasted", async () => {
    await using served = await servePage();
    await using opened = await openPage(browser(), served, "/", desktop);
    const { page } = opened;
    const check = async (text: string | undefined, receipt: string): Promise<void> => {
      if (text !== undefined) writeFileSync(file, text);
      if (text !== undefined) await page.getByLabel("File of the draw").setInputFiles(file);
      await page.getByLabel("Your receipt").fill(receipt);
      await page.getByRole("button", { name: "Check" }).click();
    };
    const problem = (text: string): Promise<void> => page.getByRole("alert").getByText(text).waitFor();
    await check(undefined, "");
    await problem("Choose the file of the draw first.");
    const text = await textOf(held);
    await check(text.slice(0, -1), "");
    await problem("line 14 has no end: the file was cut off");
    await check(text, "{");
    await problem("The receipt is not whole: paste all of it, from { to }.");
    await check(text, "{}");
    await problem("The receipt cannot be used: the receipt has no format.");
    await check(text.replace("Sale of the year", "<b>Sale</b>"), JSON.stringify(held.receipts[0]));
    await heading(page, "Something is wrong with this draw");
    // What comes from the file is text, and no markup.
    await page.getByText("<b>Sale</b>: 12 entries, 9 of them drawn").waitFor();
    expect(await page.getByText("Your place:").isVisible()).toBe(false);
  });
});
