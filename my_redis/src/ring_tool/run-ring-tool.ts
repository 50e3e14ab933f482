import type { RingStatus } from "../cluster/failover/ring-status.ts";
import { ServerError } from "./ask-server.ts";
import { lossText, planText, progressText, statusText, transfersOf } from "./plan-text.ts";
import { readWords, type ToolWords, usage } from "./read-words.ts";
import { RefusedError, RingClient } from "./ring-client.ts";
import { UsageError } from "./usage-error.ts";

/** What the tool needs of its process. */
export interface ToolOutput {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** The output is a terminal: what is under way is one line that changes. */
  readonly isTerminal: boolean;
}

const done = 0;
const refused = 1;
const wrongUse = 2;
const pauseMs = 250;
const barWidth = 30;

/** Runs the tool with the words after its name. Gives the exit code. */
export async function runRingTool(
  args: readonly string[],
  password: string | undefined,
  output: ToolOutput,
): Promise<number> {
  try {
    const words = readWords(args, password);
    if (words === "help") output.out(usage);
    else await run(words, output);
    return done;
  } catch (error) {
    if (error instanceof UsageError) {
      output.error(`${error.message}\n`);
      return wrongUse;
    }
    if (!(error instanceof RefusedError || error instanceof ServerError)) throw error;
    output.error(`${error.message}\n`);
    return refused;
  }
}

const passwordWarning =
  "Warning: others of this machine can read a password on the command line: REDISCLI_AUTH is safer\n";

async function run(words: ToolWords, output: ToolOutput): Promise<void> {
  if (words.showsPassword) output.error(passwordWarning);
  const client = new RingClient(words.address, words.login);
  const status = await client.status();
  const keys = await client.keyCounts(status);
  const json = (value: unknown): void => output.out(`${JSON.stringify(value)}\n`);
  if (words.command === "status") {
    if (words.asJson) json({ ...status, keys: Object.fromEntries(keys) });
    else output.out(statusText(status, keys));
    return;
  }
  const planned = await planOf(client, words.words, "dryrun");
  for (const node of words.added) await client.checkJoining(node);
  const answer = words.isDryRun ? planned : await planOf(client, words.words);
  const transfers = transfersOf(answer.plan, status, keys);
  if (!words.asJson) output.out(planText(answer.plan, transfers));
  if (answer.plan.lostSlots > 0) output.error(lossText(answer));
  const waits = !words.isDryRun && words.waits;
  const wait = { slots: answer.plan.slots, replica: words.replica, output: words.asJson ? undefined : output };
  const after = waits ? await untilSettled(client, wait) : undefined;
  const { slots, lostSlots, of, ranges } = answer.plan;
  if (words.asJson) json({ type: answer.type, slots, lostSlots, of, ranges, transfers, ...(waits ? { after } : {}) });
  else if (after !== undefined) output.out("Done.\n");
}

async function planOf(client: RingClient, words: readonly string[], ...more: readonly string[]) {
  const answer = await client.request([...words, ...more]);
  if (answer.type === "planned" || answer.type === "begun") return answer;
  throw new RefusedError(`the ring answers with '${answer.type}'`);
}

interface Wait {
  readonly slots: number;
  /** It is to have all data of its place, too. */
  readonly replica: string | undefined;
  readonly output: ToolOutput | undefined;
}

/** Shows how far the change is until there is nothing more to do. */
async function untilSettled(client: RingClient, { slots, replica, output }: Wait): Promise<RingStatus> {
  let shown = "";
  for (;;) {
    const found = await client.status();
    const isCopied = replica === undefined || found.seats.some(({ inSync }) => inSync.includes(replica));
    const status = isCopied ? found : notInSync(found, replica);
    const text = output?.isTerminal === true ? barText(status, slots) : progressText(status);
    if (text !== shown) output?.out(output.isTerminal ? `\r\u001B[K${text}` : `${text}\n`);
    shown = text;
    if (status.isSettled) {
      if (output?.isTerminal === true) output.out("\n");
      return status;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

const notInSync = (status: RingStatus, replica: string): RingStatus => ({
  ...status,
  isSettled: false,
  waitsFor: [...status.waitsFor, `node ${replica} to be in sync`],
});

function barText(status: RingStatus, slots: number): string {
  const part = slots === 0 ? 1 : 1 - Math.min(1, status.slotsLeft / slots);
  const full = Math.round(barWidth * part);
  const bar = "#".repeat(full) + ".".repeat(barWidth - full);
  return `[${bar}] ${Math.floor(100 * part)}%  ${progressText(status)}`;
}
