import type { Reply } from "../differential/harness/reply.ts";
import { showReply } from "../differential/harness/reply.ts";
import type { RespConnection, Word } from "../differential/harness/resp-connection.ts";
import { walkedDatabases } from "./walk-requests.ts";

interface KeyState {
  readonly text: string;
  readonly expiresAtMs: number;
}

/** What a server holds: one digest of everything, and a text for each key, to name what differs. */
export interface WalkState {
  readonly digest: string;
  readonly keys: ReadonlyMap<string, KeyState>;
}

/** Fields of XINFO STREAM that are no data, or that no log keeps. */
const volatileFields = new Set(["radix-tree-keys", "radix-tree-nodes", "seen-time", "active-time"]);

/** No other client may be at work. `then` runs right after the digest was taken. */
export async function readState(connection: RespConnection, then: readonly Word[][] = []): Promise<WalkState> {
  const keys = new Map<string, KeyState>();
  for (let database = 0; database < walkedDatabases; database++) {
    await connection.reply("SELECT", database);
    const names = ((await connection.reply("KEYS", "*")).items ?? []).map(({ text }) => text ?? "");
    for (const name of names) {
      const state = await readKey(connection, name);
      if (state !== undefined) keys.set(`${database}/${name}`, state);
    }
  }
  // At the end, because reading removes what has expired.
  const [digest, ...others] = await connection.replies([["DEBUG", "DIGEST"], ...then]);
  const refusal = others.find(({ sign }) => sign === "-");
  if (refusal !== undefined) throw new Error(`the server answered ${showReply(refusal)}`);
  return { digest: digest?.text ?? "", keys };
}

async function readKey(connection: RespConnection, key: Word): Promise<KeyState | undefined> {
  const [type, expiry, digest] = await connection.replies([
    ["TYPE", key],
    ["PEXPIRETIME", key],
    ["DEBUG", "DIGEST-VALUE", key],
  ]);
  // It has expired meanwhile.
  if (type?.text === "none" || expiry?.text === "-2") return undefined;
  const stream =
    type?.text === "stream" ? await connection.reply("XINFO", "STREAM", key, "FULL", "COUNT", 1) : undefined;
  const more = stream === undefined ? "" : showReply(steady(stream));
  return { text: `${type?.text} ${digest?.items?.[0]?.text} ${more}`, expiresAtMs: Number(expiry?.text) };
}

function steady(reply: Reply): Reply {
  const { items } = reply;
  if (items === undefined || items === null) return reply;
  const kept = items.filter(
    ({ text }, index) => !volatileFields.has(text ?? "") && !volatileFields.has(items[index - 1]?.text ?? ""),
  );
  return { ...reply, items: kept.map(steady) };
}

/** A key whose time has come may have been removed on one side. */
function mayBeGone(state: KeyState | undefined, nowMs: number): boolean {
  return state !== undefined && state.expiresAtMs >= 0 && state.expiresAtMs <= nowMs;
}

export function stateDifferences(expected: WalkState, found: WalkState, nowMs: number): string[] {
  const differences = expected.digest === found.digest ? [] : ["the digests of everything differ"];
  for (const name of new Set([...expected.keys.keys(), ...found.keys.keys()])) {
    const [one, other] = [expected.keys.get(name), found.keys.get(name)];
    if ((one === undefined && mayBeGone(other, nowMs)) || (other === undefined && mayBeGone(one, nowMs))) continue;
    if (one?.text === other?.text && one?.expiresAtMs === other?.expiresAtMs) continue;
    differences.push(`${name}: expected ${shown(one)}, found ${shown(other)}`);
  }
  return differences;
}

const shown = (state: KeyState | undefined): string =>
  state === undefined ? "nothing" : `${state.text.slice(0, 700)} until ${state.expiresAtMs}`;
