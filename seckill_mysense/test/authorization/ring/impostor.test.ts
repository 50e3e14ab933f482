import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { freePort, waitUntil } from "../../../../tools/test-services/index.ts";
import { frameTypes, type FrameType } from "../../../src/authorization/ring/frame-types.ts";
import { protocolName } from "../../../src/authorization/ring/greeting-frames.ts";
import { PeerKeys } from "../../../src/authorization/ring/peer-keys.ts";
import { testSecret } from "../../fakes/test-gateway.ts";
import { startRing } from "./ring-fixture.ts";

/** Somebody without the secret at the address of a gateway. What gateways say in the open it knows: names, and the ids of keys. */
interface Impostor extends Disposable {
  readonly name: string;
  /** The types of the frames that came. */
  readonly heard: number[];
}

function frameOf(type: FrameType, value: object): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const frame = Buffer.alloc(7 + text.length);
  frame.writeUInt32BE(3 + text.length, 0);
  frame[4] = type;
  frame.writeUInt16BE(text.length, 5);
  text.copy(frame, 7);
  return frame;
}

/** `calledAs`: what it says its name is. It answers a greeting with a proof of its own making. */
async function impostor(calledAs?: string): Promise<Impostor> {
  const name = `127.0.0.1:${await freePort()}`;
  const heard: number[] = [];
  const keys = new PeerKeys([testSecret]).ids;
  const hello = { protocol: protocolName, name: calledAs ?? name, nonce: "n".repeat(22), keys };
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: Number(name.split(":")[1]),
    socket: {
      open: (socket: Socket) => void socket.write(frameOf(frameTypes.hello, hello)),
      data: (socket, chunk) => {
        heard.push(chunk[4] as number);
        socket.write(frameOf(frameTypes.welcome, { proof: "x".repeat(43) }));
      },
    },
  });
  return { name, heard, [Symbol.dispose]: () => server.stop(true) };
}

test("whoever answers a call without the secret is no member of the ring", async () => {
  using other = await impostor();
  await using one = await startRing({ seeds: [other.name] });
  await waitUntil(() => one.ring.counts.greetings.refused > 0, { what: "it to be refused", timeoutMs: 5_000 });
  expect(other.heard).toContain(frameTypes.greeting);
  expect([one.ring.onRing, one.ring.gauges["seckill_ring_changes"]]).toEqual([[one.name], 0]);
});

test("whoever answers a call by another name gets no proof to use there", async () => {
  using other = await impostor("127.0.0.1:1");
  await using one = await startRing({ seeds: [other.name] });
  await waitUntil(() => one.ring.counts.greetings.refused > 0, { what: "it to be refused", timeoutMs: 5_000 });
  expect(other.heard).toEqual([]);
  expect(one.ring.onRing).toEqual([one.name]);
});

test("before its proof a stranger is cut off at the first frame that is longer than a greeting", async () => {
  await using one = await startRing();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const length = Buffer.alloc(4);
  // The longest greeting has less than a kilobyte.
  length.writeUInt32BE(1_025);
  await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(one.name.split(":")[1]),
    socket: { open: (socket) => void socket.write(length), data: () => {}, close: () => resolve() },
  });
  await waitUntil(() => one.ring.counts.greetings.refused > 0, { what: "it to be refused", timeoutMs: 5_000 });
  await closed;
});
