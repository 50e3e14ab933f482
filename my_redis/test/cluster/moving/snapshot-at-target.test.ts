import { afterEach, expect, test } from "bun:test";
import type { Cursor } from "../../../src/cluster/agreement/move-message.ts";
import { decodeQuestion, encodeAnswer } from "../../../src/cluster/moving/move-codec.ts";
import { MoveCursors } from "../../../src/cluster/moving/move-cursors.ts";
import { MoveTarget } from "../../../src/cluster/moving/move-target.ts";
import type { OutgoingCopy } from "../../../src/cluster/moving/outgoing-copy.ts";
import type { OpenServer } from "../../../src/start-server.ts";
import { beginMeasured, pieceBytes, randomTexts } from "../../persistence/measured-snapshot.ts";
import { closeServers, digestsOf, inside, start, startCopy } from "./copied-slots.ts";
import { targetMember } from "./one-move.ts";

afterEach(closeServers);

/** A target that asks this copy, each time that `ask` is called. */
function startTarget(server: OpenServer["server"], copy: OutgoingCopy) {
  const cursors = new MoveCursors();
  const target = new MoveTarget({
    ...{ server, cursors, member: () => targetMember, take: () => {}, position: () => ({ epoch: 1, offset: 0 }) },
    ...{ isEmpty: () => true, isLogged: () => true, contentChanged: () => {}, ended: () => {} },
    ask: (_seat, question, answered) => {
      const { has, number } = decodeQuestion(question)!.ask;
      const parts = has?.parts ?? 0;
      const part = copy.part(parts);
      const writes = has?.isWhole === true ? copy.writesAfter(has.source.offset) : undefined;
      const offset = writes?.offset ?? part!.offset;
      const cursor: Cursor =
        writes === undefined
          ? { move: 3, source: { epoch: 1, offset }, snapshot: 1, parts: parts + 1, isWhole: part!.isLast }
          : { ...has!, source: { epoch: 1, offset } };
      const commands = writes?.bytes ?? part!.commands;
      answered(encodeAnswer({ chunk: { move: 3, attempt: 3, number, isStart: parts === 0, cursor }, commands }));
    },
  });
  return { target, cursor: () => target.statusOf(3).has };
}

const turn = (): Promise<void> => new Promise(setImmediate);

async function startLargeMove() {
  const source = await startCopy();
  const { connection, services } = await start();
  const key = inside("large");
  await source.connection.reply("HSET", key, ...randomTexts(20_000, 100).flatMap((text, at) => [`f${at}`, text]));
  const at = { server: services } as OpenServer;
  return { source, key, connection, at, ...startTarget(services, source.begin()) };
}

test("a snapshot that begins while a large value arrives takes it in pieces, and the rest arrives when it has it", async () => {
  const { at, connection, cursor, key, source, target } = await startLargeMove();
  while ((cursor()?.parts ?? 0) < 70) target.ask();
  const fields = Number((await connection.reply("HLEN", key)).text);
  expect(fields).toBeGreaterThan(4000);
  expect(fields).toBeLessThan(15_000);
  const { end, sink } = beginMeasured(at);
  target.ask();
  // INFO cluster says so.
  expect(target.statusOf(3).waiting).toBeDefined();
  for (let turns = 0; cursor()?.isWhole !== true && turns < 10_000; turns++) {
    target.ask();
    await turn();
  }
  expect(cursor()?.isWhole).toBe(true);
  // The last of it is in the snapshot's buffer still.
  expect(sink.sum).toBeGreaterThan(fields * 100 - pieceBytes);
  expect(sink.most).toBeLessThan(pieceBytes);
  end();
  expect(await digestsOf(connection, [key])).toEqual(await digestsOf(source.connection, [key]));
}, 60_000);

test("a write that follows to a large value waits at the target until a snapshot there has taken the value", async () => {
  const { at, connection, cursor, key, source, target } = await startLargeMove();
  while (cursor()?.isWhole !== true) target.ask();
  const { end, sink } = beginMeasured(at);
  await source.connection.reply("HSET", key, "f7", "changed");
  await source.connection.reply("SET", inside("other"), "value");
  for (let turns = 0; sink.sum < 4 * pieceBytes || turns < 100; turns++) {
    target.ask();
    await turn();
    if (turns > 10_000) throw new Error("the value was not taken");
  }
  while ((await connection.reply("HGET", key, "f7")).text !== "changed") target.ask();
  expect(sink.most).toBeLessThan(pieceBytes);
  end();
  expect(await digestsOf(connection, [key])).toEqual(await digestsOf(source.connection, [key]));
}, 60_000);
