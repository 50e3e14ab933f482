/** Compares MyRedis with a real redis-server, reply by reply. See expect-same.ts and generated-sequences.ts. */
export {
  anything,
  type Comparer,
  sameBytes,
  sameElements,
  samePairs,
  sameShape,
  sameWholeScan,
  within,
} from "./compare.ts";
export { expectSameLog } from "./expect-same-log.ts";
export { expectSame, type SequenceOptions } from "./expect-same.ts";
export { expectSameGenerated, type GeneratedOptions, generatedTimeoutMs } from "./generated-sequences.ts";
export { sameScores } from "./same-scores.ts";
export type { Reply } from "./reply.ts";
export type { Word } from "./resp-connection.ts";
export type { ServerPair } from "./servers.ts";
export type { Step } from "./sequence.ts";
