import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startServer } from "../../../index.ts";
import { sealPayload } from "../../../src/persistence/rdb/dump-payload.ts";
import { listpackOf } from "../../../src/persistence/rdb/listpack.ts";
import { rdbType } from "../../../src/persistence/rdb/rdb-types.ts";
import { RdbWriter } from "../../../src/persistence/rdb/rdb-writer.ts";
import { PackedElement } from "../../../src/values/packed-element.ts";
import { encodeReply } from "../../differential/harness/reply.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";

const seenMs = 1_700_000_000_000;
const activeMs = 1_600_000_000_000;

function listpack(...elements: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(1000);
  const element = new PackedElement();
  let end = 0;
  for (const text of elements) end = element.setBytes(Buffer.from(text), 0, text.length).write(bytes, end);
  return listpackOf(bytes, 0, end, elements.length);
}

function payload(type: number, write: (writer: RdbWriter) => void): Buffer {
  const writer = new RdbWriter({ compresses: false });
  writer.byte(type);
  write(writer);
  return Buffer.from(sealPayload(writer));
}

/** A stream with the entry 5-1 and the group "g", whose consumer "c" has read the entry and not acknowledged it. */
const streamOf = (version: 1 | 2 | 3): Buffer =>
  payload(
    [rdbType.streamListpacks, rdbType.streamListpacks2, rdbType.streamListpacks3][version - 1] as number,
    (writer) => {
      const id = [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1];
      const counts = (...values: readonly number[]): void => values.forEach((value) => writer.count(value));
      counts(1);
      writer.string(Uint8Array.from(id));
      writer.string(listpack("1", "0", "1", "f", "0", "2", "0", "0", "value", "4"));
      counts(1, 5, 1);
      if (version >= 2) counts(5, 1, 0, 0, 1);
      counts(1);
      writer.string(Buffer.from("g"));
      counts(5, 1);
      if (version >= 2) counts(1);
      counts(1);
      writer.raw(Uint8Array.from(id));
      writer.milliseconds(seenMs);
      counts(3, 1);
      writer.string(Buffer.from("c"));
      writer.milliseconds(seenMs);
      if (version >= 3) writer.milliseconds(activeMs);
      counts(1);
      writer.raw(Uint8Array.from(id));
    },
  );

describe("RESTORE reads the forms of other versions than the installed redis-server", () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let connection: RespConnection;

  beforeAll(async () => {
    server = await startServer({ port: 0, memory: true });
    connection = await RespConnection.open(server.port, "MyRedis");
  });

  afterAll(async () => {
    connection.close();
    await server.close();
  });

  test("packed sets of Redis 7.2", async () => {
    const bytes = payload(rdbType.setListpack, (writer) => writer.string(listpack("a", "1", "-70000", "")));
    expect((await connection.reply("RESTORE", "set", "0", bytes)).text).toBe("OK");
    const members = (await connection.reply("SMEMBERS", "set")).items ?? [];
    expect(members.map(({ text }) => text ?? "").toSorted()).toEqual(["", "-70000", "1", "a"]);
    expect((await connection.reply("OBJECT", "ENCODING", "set")).text).toBe("listpack");
  });

  for (const version of [1, 2, 3] as const) {
    test(`streams of version ${version}`, async () => {
      expect((await connection.reply("RESTORE", "s", "0", streamOf(version), "REPLACE")).text).toBe("OK");
      const full = encodeReply(await connection.reply("XINFO", "STREAM", "s", "FULL"));
      expect(full).toContain("$13\r\nentries-added\r\n:1\r\n");
      expect(full).toContain("$12\r\nentries-read\r\n:1\r\n$3\r\nlag\r\n:0\r\n");
      expect(full).toContain(
        `$9\r\nseen-time\r\n:${seenMs}\r\n$11\r\nactive-time\r\n:${version === 3 ? activeMs : seenMs}\r\n`,
      );
      expect(full).toContain(`$1\r\nc\r\n:${seenMs}\r\n:3\r\n`);
      const entries = encodeReply(await connection.reply("XRANGE", "s", "-", "+"));
      expect(entries).toBe("*1\r\n*2\r\n$3\r\n5-1\r\n*2\r\n$1\r\nf\r\n$5\r\nvalue\r\n");
    });
  }
});
