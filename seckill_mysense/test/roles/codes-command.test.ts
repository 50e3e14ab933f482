import { describe, expect, test } from "bun:test";
import { commands } from "./sale-commands.ts";

const timeoutMs = 120_000;
const iso = (inMs: number): string => new Date(Date.now() + inMs).toISOString();
const product = { id: "lamp", name: "Lamp", price_minor: 1, currency: "EUR", units: 2, limit_per_user: 1 };
const spring = {
  ...{ id: "spring", title: "Spring", starts_at: iso(120_000), ends_at: iso(3_600_000) },
  ...{ invited_only: true, products: [product] },
};

describe("the command sale codes", () => {
  test(
    "makes codes, for anybody and for names, shows and revokes them, with who did it",
    async () => {
      const { write, sale, done } = commands();
      expect(await done("create", write(spring))).toMatchObject({ invited_only: true });
      const made = await done("codes", "make", "spring", "--count", "3", "--by", "ada");
      expect(made.map(({ number }: { number: number }) => number)).toEqual([1, 2, 3]);
      expect(new Set(made.map(({ code }: { code: string }) => code)).size).toBe(3);
      const [bound] = await done("codes", "make", "spring", "--names", write("Ada\n\nBob\n"));
      expect(bound).toMatchObject({ number: 4, name: "Ada" });
      const text = (await sale("codes", "make", "spring", "--count", "1")).stdout;
      expect(text).toMatch(/^6\tv1\.\S+\n$/);
      expect(await done("codes", "revoke", "spring", "--number", "2")).toEqual({ number: 2 });
      const listed = await done("codes", "list", "spring");
      expect(listed).toMatchObject([{ number: 1 }, { revoked_at: expect.any(String) }, {}, { name: "ada" }, {}, {}]);
      const { history } = await done("show", "spring", "--history");
      expect(history.map(({ action }: { action: string }) => action)).toContain("codes made");
    },
    timeoutMs,
  );

  test(
    "refuses what is wrong, and says why",
    async () => {
      const { write, done, refusal } = commands();
      await done("create", write(spring));
      expect(await refusal("codes", "make", "spring")).toEqual([2, expect.stringContaining("--count or --names")]);
      const empty = await refusal("codes", "make", "spring", "--names", write("\n"));
      expect(empty).toEqual([1, expect.stringContaining("has no name")]);
      const missing = await refusal("codes", "make", "spring", "--names", "/no/such/file");
      expect(missing).toEqual([1, expect.stringContaining("ENOENT")]);
      expect((await refusal("codes", "make", "spring", "--count", "0"))[0]).toBe(2);
      const open = { ...spring, id: "open", invited_only: false, products: [{ ...product, id: "sofa" }] };
      await done("create", write(open));
      const notInvited = await refusal("codes", "make", "open", "--count", "1");
      expect(notInvited).toEqual([1, expect.stringContaining("not for invited users only")]);
      const unknown = await refusal("codes", "revoke", "spring", "--number", "9");
      expect(unknown).toEqual([1, expect.stringContaining("there is no code 9")]);
      expect(await refusal("codes", "list", "nope")).toEqual([1, expect.stringContaining('there is no sale "nope"')]);
      const changed = await refusal("update", "open", write({ invited_only: true }));
      expect(changed).toEqual([1, expect.stringContaining("invited_only cannot change any more")]);
    },
    timeoutMs,
  );
});
