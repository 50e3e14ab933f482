import { afterEach, expect, test } from "bun:test";
import type { Cursor, MoveChunk } from "../../../src/cluster/agreement/move-message.ts";
import type { Member } from "../../../src/cluster/agreement/ring-member.ts";
import { IncomingData } from "../../../src/cluster/moving/incoming-data.ts";
import { decodeQuestion, encodeAnswer } from "../../../src/cluster/moving/move-codec.ts";
import { MoveCursors } from "../../../src/cluster/moving/move-cursors.ts";
import { MoveTarget } from "../../../src/cluster/moving/move-target.ts";
import type { Services } from "../../../src/dispatch/context.ts";
import { encodeRequest } from "../../../src/protocol/encode-request.ts";
import { Arguments } from "../../../src/protocol/arguments.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { recordUnits } from "./recorded-units.ts";

let open: OpenServer;

afterEach(() => open.close());

async function start(): Promise<Services> {
  open = await startOpenServer({ bind: "127.0.0.1", port: 0, memory: true });
  return open.server;
}

test("what comes in one answer is one unit with its cursor: nobody has the data and asks for it again", async () => {
  const server = await start();
  const units = recordUnits(server);
  const commands = Buffer.concat(
    [
      ["APPEND", "key", "x"],
      ["INCR", "counter"],
    ].map(encodeRequest),
  );
  expect(new IncomingData(server).apply(commands, () => ["ECHO", "cursor"])).toBeUndefined();
  expect(units).toEqual([
    [
      ["APPEND", "key", "x"],
      ["INCR", "counter"],
      ["ECHO", "cursor"],
    ],
  ]);
});

test("a string whose moment has passed here stays until the source says that it has expired", async () => {
  const server = await start();
  server.keyspace.isHidden = () => true;
  const commands = encodeRequest(["SET", "key", "value", "PXAT", "1"]);
  expect(new IncomingData(server).apply(commands, () => ["ECHO", "cursor"])).toBeUndefined();
  expect(server.keyspace.databases[0]?.size).toBe(1);
});

test("a source that begins anew makes the cursor void in the log as well: a restart does not go on in the middle", async () => {
  const server = await start();
  const units = recordUnits(server);
  const cursors = new MoveCursors();
  const cursor: Cursor = { move: 7, source: { epoch: 3, offset: 100 }, snapshot: 1, parts: 2, isWhole: false };
  cursors.set(cursor);
  const move = { id: 7, attempt: 7, retries: 0, from: "a:1", to: "b:1", spans: [{ start: 0, end: 9 }] };
  const member = {
    self: "b:1",
    committed: { seats: [{ name: "b:1", nodes: ["b:1"] }], slots: { moves: [move] } },
    durable: { run: 1 },
    serving: { incoming: [], acknowledged: 0 },
  } as unknown as Member;
  const target = new MoveTarget({
    ...{ server, cursors, member: () => member, take: () => {}, position: () => ({ epoch: 1, offset: 0 }) },
    ...{ isEmpty: () => true, isLogged: () => true, contentChanged: () => {}, ended: () => {} },
    ask: (_seat, question, answered) => {
      const { ask } = decodeQuestion(question)!;
      expect(ask.has).toEqual(cursor);
      const chunk: MoveChunk = { move: 7, attempt: 7, number: ask.number, isStart: true, cursor };
      answered(encodeAnswer({ chunk, commands: new Uint8Array(0) }));
    },
  });
  target.ask();
  expect(target.hasBegun(7)).toBeFalse();
  const loaded = new MoveCursors();
  loaded.set(cursor);
  for (const words of units.flat()) loaded.load(Arguments.from(words));
  expect(loaded.of(7)).toBeUndefined();
});
