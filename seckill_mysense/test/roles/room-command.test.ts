import { describe, expect, test } from "bun:test";
import { commands } from "./sale-commands.ts";

const timeoutMs = 60_000;
const iso = (inMs: number): string => new Date(Date.now() + inMs).toISOString();

const product = { id: "lamp", name: "Lamp", price_minor: 1, currency: "EUR", units: 2, limit_per_user: 1 };
const room = {
  ...{ mode: "draw", opens_at: iso(60_000), admit_per_second: 2.5, use_within_seconds: 300, on_hold: true },
};
const spring = { id: "spring", title: "Spring", starts_at: iso(120_000), ends_at: iso(3_600_000), products: [product] };

describe("the command sale room", () => {
  test(
    "shows a room, and changes its rate and its hold, with who did it",
    async () => {
      const { write, sale, done } = commands();
      expect((await done("create", write({ ...spring, room }))).room).toMatchObject({
        ...{ mode: "draw", closes_at: spring.starts_at, admit_per_second: 2.5, on_hold: true },
        public_value: { kind: "none" },
      });
      expect(await done("room", "show", "spring")).toMatchObject({
        ...{ sale: "spring", phase: "before", entries: 0, admit_per_second: 2.5, on_hold: true },
      });
      expect(await done("room", "open", "spring", "--by", "ada")).toMatchObject({ on_hold: false });
      expect(await done("room", "rate", "spring", "--per-second", "0.25")).toMatchObject({ admit_per_second: 0.25 });
      const range = await done("room", "rate", "spring", "--least", "2", "--most", "80");
      expect(range).toMatchObject({ admit_per_second: 2, admit_between: { least: 2, most: 80 } });
      expect((await done("room", "rate", "spring", "--per-second", "0.25")).admit_between).toBeUndefined();
      expect(await done("room", "hold", "spring")).toMatchObject({ on_hold: true });
      const { history } = await done("show", "spring", "--history");
      expect(history.map(({ action }: { action: string }) => action).slice(0, 5)).toEqual([
        ...["room hold", "room rate", "room rate range", "room rate", "room open"],
      ]);
      expect(history[4].actor).toBe("ada");
      const text = (await sale("room", "show", "spring")).stdout;
      expect(text).toContain("admit_per_second: 0.25\n");
    },
    timeoutMs,
  );

  test(
    "refuses what is wrong, and says why",
    async () => {
      const { write, done, refusal } = commands();
      const bad = (changes: object) => refusal("validate", write({ ...spring, room: { ...room, ...changes } }));
      expect(await bad({ closes_at: iso(600_000) })).toEqual([
        1,
        expect.stringContaining("after the start of the sale"),
      ]);
      expect(await bad({ admit_per_second: 0 })).toEqual([1, expect.stringContaining("admit_per_second")]);
      expect(await bad({ mode: "queue", closes_at: iso(1) })).toEqual([1, expect.stringContaining("no closes_at")]);
      const half = await bad({ admit_per_second: { least: 10 } });
      expect(half).toEqual([
        1,
        expect.stringContaining('must be a number from 0.001 to 10000, or {"least": ..., "most": ...}'),
      ]);
      const turned = { least: 5, most: 2 };
      expect(await bad({ admit_per_second: turned })).toEqual([1, expect.stringContaining("least must not be above")]);
      const witnesses = { kind: "witnesses", witnesses: [{ name: "Notary", key: "00" }] };
      expect(await bad({ public_value: witnesses })).toEqual([1, expect.stringContaining("witnesses[0].key")]);
      await done("create", write(spring));
      expect(await refusal("room", "show", "spring")).toEqual([1, expect.stringContaining("no waiting room")]);
      expect(await refusal("room", "show", "other")).toEqual([1, expect.stringContaining("no such sale")]);
      expect((await refusal("room", "rate", "spring", "--per-second", "0"))[0]).toBe(2);
      expect((await refusal("room", "rate", "spring", "--least", "1"))[0]).toBe(2);
      expect((await refusal("room"))[0]).toBe(2);
      const other = { ...spring, id: "other", products: [{ ...product, id: "sofa" }], room };
      await done("create", write(other));
      const value = await refusal("room", "value", "other", write({ kind: "none" }));
      expect(value).toEqual([1, expect.stringContaining("not closed and announced yet")]);
      const changed = await refusal("update", "other", write({ room: { ...room, on_hold: false } }));
      expect(changed).toEqual([1, expect.stringContaining("rules were published")]);
    },
    timeoutMs,
  );
});
