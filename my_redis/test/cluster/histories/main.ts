import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { checkedRun, seats } from "./checked-run.ts";
import { CutNetwork, isolation } from "./cut-network.ts";
import { spareNodes } from "./ring-changes.ts";

/**
 * `npm run histories -- [--seconds 60] [--seed S] [--changes] [--tls] [--no-network]`: a ring of processes under faults, and a
 * judgement of what its clients were told. With `--changes` slots move, places are handed over, and a place comes and goes
 * meanwhile; with `--tls` the nodes reach each other over TLS. The seed decides about the faults and the clients' choices; their order is up to the system.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    seed: { type: "string" },
    changes: { type: "boolean", default: false },
    network: { type: "boolean", default: true },
    tls: { type: "boolean", default: false },
  },
  allowNegative: true,
});
const seconds = Number(values.seconds ?? "60");
const seed = Number(values.seed ?? `${Math.floor(Math.random() * 2 ** 32)}`);
if (!(seconds > 0)) throw new Error(`--seconds is a number greater than 0, not '${values.seconds}'`);
if (!Number.isInteger(seed)) throw new Error(`--seed is a whole number, not '${values.seed}'`);

/** Set in the program that this one starts in a network of its own. */
const isolatedVariable = "RING_HISTORIES_ISOLATED";
const choices = [...(values.changes ? ["--changes"] : []), ...(values.tls ? ["--tls"] : [])];
const isIsolated = process.env[isolatedVariable] !== undefined;
const before = values.network && !isIsolated ? isolation() : undefined;
if (before !== undefined) {
  const [program, ...words] = [...before, process.execPath, import.meta.filename, "--seconds", `${seconds}`];
  const { status } = spawnSync(program, [...words, "--seed", `${seed}`, ...choices], {
    stdio: "inherit",
    env: { ...process.env, [isolatedVariable]: "yes" },
  });
  process.exit(status ?? 1);
}
const network = isIsolated ? await CutNetwork.create(2 * seats + (values.changes ? spareNodes : 0)) : undefined;
if (network === undefined) console.log("no links are cut: network namespaces are not used, or not permitted here");
console.log(`seed ${seed}, ${seconds} seconds`);
const wrong = await checkedRun({
  ...{ seconds, seed, network, isChanged: values.changes, isEncrypted: values.tls },
  say: (line) => console.log(line),
});
for (const each of wrong) console.error(each);
console.log(
  wrong.length === 0
    ? "all histories can be explained"
    : `FAILED; again: ${[...choices, "--seconds", seconds, "--seed", seed].join(" ")}`,
);
process.exit(wrong.length === 0 ? 0 : 1);
