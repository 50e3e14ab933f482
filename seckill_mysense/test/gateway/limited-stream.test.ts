import { describe, expect, test } from "bun:test";
import { limitedStream } from "../../src/gateway/limited-stream.ts";

async function* pieces(count: number): AsyncGenerator<string> {
  for (let index = 0; index < count; index++) yield `${index}\n`;
}

/** A stream, and how often it has ended. */
function open(from: AsyncGenerator<string>, withinMs = 60_000) {
  const counted = { ends: 0 };
  return { counted, stream: limitedStream(from, { withinMs, onEnd: () => counted.ends++ }) };
}

describe("a body with a limit", () => {
  test("has all pieces, and ends once", async () => {
    const { counted, stream } = open(pieces(3));
    expect(await new Response(stream).text()).toBe("0\n1\n2\n");
    expect(counted.ends).toBe(1);
  });

  test("ends when the client goes away, also before it has read anything", async () => {
    for (const started of [false, true]) {
      const { counted, stream } = open(pieces(3));
      const reader = stream.getReader();
      if (started) await reader.read();
      await reader.cancel();
      expect(counted.ends).toBe(1);
    }
  });

  test("ends when nobody reads it in time, and is then no whole file", async () => {
    const { counted, stream } = open(pieces(1_000), 20);
    await Bun.sleep(60);
    expect(counted.ends).toBe(1);
    expect(await new Response(stream).text().catch((error: Error) => error.message)).toBe("not read within 20 ms");
    expect(counted.ends).toBe(1);
  });

  test("ends when a piece cannot be made", async () => {
    async function* broken(): AsyncGenerator<string> {
      yield "0\n";
      throw new Error("the ledger is away");
    }
    const { counted, stream } = open(broken());
    expect(await new Response(stream).text().catch((error: Error) => error.message)).toBe("the ledger is away");
    expect(counted.ends).toBe(1);
  });
});
