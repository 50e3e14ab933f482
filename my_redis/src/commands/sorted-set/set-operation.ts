import type { Context } from "../../dispatch/context.ts";
import type { Run } from "../../dispatch/command.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { type MemberSource, readSource } from "./member-source.ts";
import { replyMember, replyMemberCount } from "./score-reply.ts";
import {
  combine,
  type OperationForm,
  type OperationOptions,
  orZero,
  readKeys,
  readOptions,
} from "./set-operation-options.ts";
import { SortedSetBuilder } from "./sorted-set-builder.ts";

interface Weighted {
  readonly source: MemberSource;
  readonly weight: number;
}

/** Sums of doubles depend on their order. As in Redis, the smallest set comes first. */
const bySize = (sources: readonly Weighted[]): Weighted[] =>
  sources.toSorted((one, other) => one.source.size - other.source.size);

function unite(sources: readonly Weighted[], { aggregate }: OperationOptions, built: SortedSetBuilder): void {
  for (const { source, weight } of bySize(sources)) {
    source.visit((bytes, start, end, its) => {
      const score = orZero(its * weight);
      built.add(bytes, start, end, score, (before) => combine(aggregate, before, score));
    });
  }
}

function intersect(sources: readonly Weighted[], { aggregate }: OperationOptions, built: SortedSetBuilder): void {
  const [smallest, ...others] = bySize(sources) as [Weighted, ...Weighted[]];
  smallest.source.visit((bytes, start, end, its) => {
    let score = orZero(its * smallest.weight);
    for (const { source, weight } of others) {
      const other = source.scoreOf(bytes, start, end);
      if (other === undefined) return;
      score = combine(aggregate, score, other * weight);
    }
    built.add(bytes, start, end, score);
  });
}

function subtract(sources: readonly Weighted[], built: SortedSetBuilder): void {
  const [first, ...others] = sources as [Weighted, ...Weighted[]];
  first.source.visit((bytes, start, end, score) => {
    if (others.some(({ source }) => source.scoreOf(bytes, start, end) !== undefined)) return;
    built.add(bytes, start, end, score);
  });
}

/** Reads the request and performs it. The result is in the builder. */
function operate(
  context: Context,
  args: Arguments,
  form: OperationForm,
): { options: OperationOptions; built: SortedSetBuilder } {
  const keys = readKeys(args, form.stores === true ? 2 : 1, form.name);
  const sources = keys.map((key) => readSource(context, args, key));
  const options = readOptions(args, keys, form);
  const weighted = sources.map((source, number) => ({ source, weight: options.weights[number] as number }));
  const built = new SortedSetBuilder(context);
  if (form.operation === "union") unite(weighted, options, built);
  else if (form.operation === "inter") intersect(weighted, options, built);
  else subtract(weighted, built);
  return { options, built };
}

/** Runs a command that replies with the result, or stores it. */
export const runOperation =
  (form: OperationForm): Run =>
  (context, args, reply) => {
    const { options, built } = operate(context, args, form);
    if (form.stores === true) {
      reply.integer(built.store(args, 1, form.name));
      return;
    }
    replyMemberCount(reply, built.size, options.withScores);
    built.visit((bytes, start, end, score) => replyMember(reply, bytes, start, end, score, options.withScores));
    built.discard();
  };

/** Runs ZINTERCARD, which counts up to the limit. */
export const runCount =
  (form: OperationForm): Run =>
  (context, args, reply) => {
    const keys = readKeys(args, 1, form.name);
    const sources = keys.map((key) => readSource(context, args, key));
    const { limit } = readOptions(args, keys, form);
    const [smallest, ...others] = sources.toSorted((one, other) => one.size - other.size) as [
      MemberSource,
      ...MemberSource[],
    ];
    let count = 0;
    smallest.visit((bytes, start, end) => {
      if (count < limit && others.every((source) => source.scoreOf(bytes, start, end) !== undefined)) count++;
    });
    reply.integer(count);
  };
