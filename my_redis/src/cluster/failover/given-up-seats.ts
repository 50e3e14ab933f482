import { nothingLeft } from "../agreement/given-up.ts";
import type { RingTable } from "../agreement/ring-table.ts";
import { decodeQuestion, encodeAnswer } from "../moving/move-codec.ts";
import { type PeerChannel, peerRequestKinds } from "../peer-channel.ts";

/**
 * A channel that answers the questions of moves in place of nodes that are gone for good: what their places had is lost, and
 * others get the slots empty. All other requests go their way.
 */
export function answeringForGivenUp(
  channel: PeerChannel,
  names: readonly string[],
  committed: () => RingTable | undefined,
): PeerChannel {
  const isGivenUp = (node: number): boolean =>
    committed()?.seats.some(({ isGivenUp, primary }) => isGivenUp === true && primary.node === names[node]) === true;
  return {
    request(node, kind, payload, answered, timeoutMs) {
      const question = kind === peerRequestKinds.moveSlots && isGivenUp(node) ? decodeQuestion(payload) : undefined;
      if (question === undefined) return channel.request(node, kind, payload, answered, timeoutMs);
      const answer = encodeAnswer({ chunk: nothingLeft(question.ask), commands: new Uint8Array(0) });
      setImmediate(() => answered(answer, undefined));
    },
    onRequest: (kind, handler) => channel.onRequest(kind, handler),
    onReachable: (listener) => channel.onReachable(listener),
    afterLog: (callback) => channel.afterLog(callback),
  };
}
