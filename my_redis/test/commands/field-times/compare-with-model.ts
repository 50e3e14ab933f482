import { expect } from "bun:test";
import { hasFieldTimes } from "../../../src/keyspace/field-times.ts";
import type { Server } from "../../../src/server.ts";
import type { Reply } from "../../differential/harness/reply.ts";
import type { RespConnection } from "../../differential/harness/resp-connection.ts";
import { keys, type Step } from "./arbitrary-field-commands.ts";
import { FieldTimesModel, type Value } from "./field-times-model.ts";

/** The content of a reply, in a form that is the same for both protocol versions. */
export function valueOf({ sign, text, items }: Reply): Value {
  if (items !== undefined && items !== null) return items.map(valueOf);
  if (sign === "_" || text === null || items === null) return null;
  return sign === ":" ? Number(text) : (text as string);
}

/** Commands with two keys: a source that must exist, and a destination. */
const needsSource = new Set(["COPY", "RENAME"]);

/**
 * Runs the steps on a server, whose clock `setNow` sets. Compares every reply with the model's, and returns the model.
 */
export async function compareWithModel(
  connection: RespConnection,
  steps: readonly Step[],
  startMs: number,
  setNow: (nowMs: number) => void,
): Promise<FieldTimesModel> {
  const model = new FieldTimesModel(startMs);
  setNow(startMs);
  for (const step of steps) {
    if ("passMs" in step) setNow((model.nowMs += step.passMs));
    else await compareStep(connection, model, step.words);
  }
  return model;
}

async function compareStep(
  connection: RespConnection,
  model: FieldTimesModel,
  words: readonly string[],
): Promise<void> {
  const [name = "", key = "", ...rest] = words;
  // Commands on keys do not look at fields. So they see a hash whose fields have all expired, until it is deleted.
  if (needsSource.has(name)) {
    for (const each of [key, rest[0] as string]) await connection.reply("HLEN", each);
    if (key === rest[0] || model.run("HLEN", key, []) === 0) return;
  }
  if (name === "DEL") await connection.reply("HLEN", key);
  const expected = model.run(name, key, rest);
  const reply = valueOf(await connection.reply(...words));
  if (typeof expected !== "object" || expected === null || !("unordered" in expected)) {
    expect([words, reply]).toEqual([words, expected]);
    return;
  }
  const list = (name === "HSCAN" ? (reply as readonly Value[])[1] : reply) as readonly string[];
  const elements: string[] = [];
  for (let at = 0; at < list.length; at += expected.width) elements.push(list.slice(at, at + expected.width).join(" "));
  expect([words, elements.toSorted()]).toEqual([words, expected.unordered.toSorted()]);
}

/** Every field of every hash with its value and expiry, in the form of `FieldTimesModel.state`. */
export async function stateOf(connection: RespConnection): Promise<string[]> {
  const state: string[] = [];
  for (const key of keys) {
    const content = valueOf(await connection.reply("HGETALL", key)) as readonly string[];
    for (let at = 0; at < content.length; at += 2) {
      const [end] = valueOf(
        await connection.reply("HPEXPIRETIME", key, "FIELDS", 1, content[at] as string),
      ) as number[];
      state.push(`${key} ${content[at]} ${content[at + 1]} ${end}`);
    }
  }
  return state;
}

/** Checks that a server lists exactly those hashes that have fields with an expiry. */
export function expectListed({ keyspace }: Server): void {
  for (const { keys, timedHashes } of keyspace.databases) {
    const listed: number[] = [];
    const withTimes: number[] = [];
    timedHashes.forEach((address) => listed.push(address));
    keys.forEach((address) => {
      if (hasFieldTimes(keyspace, address)) withTimes.push(address);
    });
    expect(listed.toSorted()).toEqual(withTimes.toSorted());
  }
}
