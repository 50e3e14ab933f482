import { z } from "zod";
import type { FrameBody } from "./frame-body.ts";
import { type FrameType, PeerProtocolError } from "./frame-types.ts";
import type { FrameWriter } from "./frame-writer.ts";

/** A gateway with another version of the protocol is refused at its first frame. */
const protocol = z.literal("seckill-gateways-2");
const shortText = z.string().min(1).max(300);
const keyIds = z.array(z.string().min(1).max(16)).min(1).max(4);
/** More than any ring may have; `gateways.max_nodes` limits how many are kept. */
const memberNames = z.array(shortText).max(1_000);

export const helloBody = z.object({ protocol, name: shortText, nonce: shortText, keys: keyIds });
export const greetingBody = z.object({
  name: shortText,
  nonce: shortText,
  key: z.string(),
  keys: keyIds,
  proof: z.string(),
});
export const welcomeBody = z.object({ proof: z.string() });
export const membersBody = z.object({ members: memberNames });

export const protocolName = protocol.value;

export function writeJson(writer: FrameWriter, type: FrameType, value: unknown): void {
  writer.begin(type).text(JSON.stringify(value)).end();
}

/** @throws PeerProtocolError */
export function readJson<Schema extends z.ZodType>(body: FrameBody, schema: Schema): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(body.text());
  } catch (error) {
    throw error instanceof PeerProtocolError ? error : new PeerProtocolError("a frame that is not JSON");
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new PeerProtocolError("a frame of another form than this version's");
  return result.data;
}
