import { expect } from "bun:test";
import { EffectTap } from "../../../src/cluster/moving/effect-tap.ts";
import { IncomingData } from "../../../src/cluster/moving/incoming-data.ts";
import { OutgoingCopy, type OutgoingCopyOptions } from "../../../src/cluster/moving/outgoing-copy.ts";
import { hashSlot } from "../../../src/cluster/hash-slot.ts";
import { noSlots } from "../../../src/cluster/moving/slot-flags.ts";
import { Arguments } from "../../../src/protocol/arguments.ts";
import { RequestParser } from "../../../src/protocol/request-parser.ts";
import { type OpenServer, startOpenServer } from "../../../src/start-server.ts";
import { RespConnection } from "../../differential/harness/resp-connection.ts";
import { freePorts } from "../../../../tools/test-services/index.ts";

const servers: OpenServer[] = [];

/** Closes all servers that were started since. */
export async function closeServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.close()));
}

export async function start() {
  const [port] = (await freePorts(1)) as [number];
  const open = await startOpenServer({ bind: "127.0.0.1", port, memory: true, "enable-debug-command": "yes" });
  servers.push(open);
  const connection = await RespConnection.open(port, "a server");
  return { services: open.server, connection };
}

/** Half of all slots. */
const slots = noSlots().fill(1, 0, 8192);
export const isInside = (key: string): boolean => slots[hashSlot(Buffer.from(key), 0, key.length)] === 1;

/** The commands with their words. */
export function requestsIn(commands: Uint8Array): string[][] {
  const parser = new RequestParser({ maxBulkBytes: 1000, maxQueryBufferBytes: 100_000 });
  parser.feed(commands);
  const args = new Arguments();
  const requests: string[][] = [];
  while (parser.next(args) === "request") {
    requests.push(Array.from({ length: args.count }, (_, index) => args.latin1(index)));
  }
  return requests;
}

/** A server, a copy of some of its slots, and its changes so far as its offset. */
export async function startCopy() {
  const source = await start();
  let offset = 0;
  const copies: OutgoingCopy[] = [];
  const tap = new EffectTap(source.services, (effect) => {
    offset++;
    for (const copy of copies) copy.changed(effect);
  });
  source.services.changes.alsoTo(tap);
  const begin = (given: Pick<OutgoingCopyOptions, "mostNotedBytes"> = {}): OutgoingCopy => {
    const options = { server: source.services, number: copies.length + 1, offset: () => offset, ...given };
    const copy = new OutgoingCopy({ ...options, slots });
    copies.push(copy);
    return copy;
  };
  return { ...source, begin };
}

/** A key with this beginning that belongs to the copy. */
export const inside = (prefix: string): string => {
  for (let number = 0; ; number++) if (isInside(`${prefix}${number}`)) return `${prefix}${number}`;
};

/** What makes the commands of a source a part of a target's data. */
export type Arriving = Pick<IncomingData, "apply">;

/** As in a turn of a server, each time with the present moment. */
export function arrivingAt(services: OpenServer["server"]): Arriving {
  const incoming = new IncomingData(services);
  return {
    apply: (commands, entry) => {
      services.clock.update();
      return incoming.apply(commands, entry);
    },
  };
}

/** Gives all parts to the target; `between` is called after each. Resolves to the offset of the whole copy. */
export async function copyAll(
  copy: OutgoingCopy,
  incoming: Arriving,
  between: (part: number) => Promise<void>,
): Promise<number> {
  for (let number = 0; ; number++) {
    const part = copy.part(number)!;
    expect(part.commands.length).toBeLessThan(256 * 1024);
    expect(incoming.apply(part.commands, () => ["ECHO", "cursor"])).toBeUndefined();
    if (part.isLast) return part.offset;
    await between(number);
  }
}

/** Gives the target the writes that follow. */
export function follow(copy: OutgoingCopy, incoming: Arriving, from: number): void {
  let offset = from;
  for (let isAll = false; !isAll;) {
    const chunk = copy.writesAfter(offset)!;
    expect(incoming.apply(chunk.bytes, () => ["ECHO", "cursor"])).toBeUndefined();
    ({ isAll, offset } = chunk);
  }
}

export const digestsOf = async (
  connection: RespConnection,
  keys: readonly string[],
): Promise<(string | null | undefined)[]> =>
  ((await connection.reply("DEBUG", "DIGEST-VALUE", ...keys)).items ?? []).map(({ text }) => text);
