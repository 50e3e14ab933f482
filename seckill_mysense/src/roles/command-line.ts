export const roles = ["all", "gateway", "relay", "consumer", "sweeper", "verify"] as const;
export type Role = (typeof roles)[number];

export interface CommandLine {
  readonly role: Role;
  /** As it was given; undefined for the shipped config.json. */
  readonly configFile: string | undefined;
  /** For `verify`: only this sale. */
  readonly saleId: string | undefined;
  /** For `verify`: nobody buys any more, and what is still on its way is a finding. */
  readonly atRest: boolean;
}

export const usage = [
  "usage: bun seckill_mysense/main.ts [role] [--config file]",
  "",
  "roles:",
  "  all       every part in one process (the default)",
  "  gateway   the public web server",
  "  relay     carries accepted reservations from the gate to the queue",
  "  consumer  records reservations from the queue in the ledger",
  "  sweeper   expires unpaid orders and gives their units back",
  "  verify    checks the invariants of the sales: [--sale id] [--at-rest]",
].join("\n");

/** The command line could not be understood; the message says what, and what would be right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** `undefined` when help was asked for. @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine | undefined {
  let role: Role | undefined;
  let configFile: string | undefined;
  let saleId: string | undefined;
  let atRest = false;
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word === "--help" || word === "-h") return undefined;
    if (word === "--config") configFile = valueAfter(args, index++);
    else if (word === "--sale") saleId = valueAfter(args, index++);
    else if (word === "--at-rest") atRest = true;
    else if (word.startsWith("-")) throw new UsageError(`${word} is not a known option`);
    else if (role !== undefined) throw new UsageError(`one role at a time: ${role} or ${word}`);
    else role = roleNamed(word);
  }
  if (role !== "verify" && (saleId !== undefined || atRest)) {
    throw new UsageError("--sale and --at-rest belong to the role verify");
  }
  return { role: role ?? "all", configFile, saleId, atRest };
}

function valueAfter(args: readonly string[], index: number): string {
  const value = args[index + 1];
  if (value === undefined) throw new UsageError(`${args[index]} needs a value behind it`);
  return value;
}

function roleNamed(word: string): Role {
  const role = roles.find((name) => name === word);
  if (role === undefined) throw new UsageError(`${word} is not a role: there are ${roles.join(", ")}`);
  return role;
}
