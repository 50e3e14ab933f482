import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { expectedIn, findingsOf, notRun } from "./findings.ts";
import { type Results, resultsFile, type RunCounts } from "./results.ts";
import { runUnit } from "./run-unit.ts";
import { checkVersion, fetchSuite, findSuite, tclHasTls } from "./suite-source.ts";
import { overTls, replicationUnits, runName, sentinelUnits, units, type UnitRun } from "./units.ts";

const usage = `Runs the test suite of Redis 7.0 against MyRedis.

npm run suite:redis -- [--replication | --sentinel] [--unit unit/type/list]... [--only name] [--source folder] [--jobs n] [--verbose] [--peer] [--write]

--replication  the units about replication, with servers that the suite starts: all MyRedis, and by turns redis-server
--sentinel     Redis's tests of Sentinel: its Sentinels watch servers of MyRedis; one unit at a time
--unit     only this unit; may be repeated
--only     only tests of this name, or, after a slash, that match this expression
--source   the unpacked source of Redis (or its parent folder); without it Debian's source package is fetched
--jobs     units that run at a time, 1 to 8; 3 unless given
--verbose  prints what the suite prints
--peer     against the installed redis-server in place of MyRedis, with nothing expected to fail
--write    keeps the counts of these units in results.json, from which docs/compatibility.md is made`;

const { values: options } = parseArgs({
  options: {
    unit: { type: "string", multiple: true },
    replication: { type: "boolean", default: false },
    sentinel: { type: "boolean", default: false },
    only: { type: "string" },
    source: { type: "string" },
    jobs: { type: "string", default: "3" },
    verbose: { type: "boolean", default: false },
    peer: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}

const jobs = Number(options.jobs);
if (!Number.isInteger(jobs) || jobs < 1 || jobs > 8) throw new Error(`--jobs is 1 to 8, not ${options.jobs}`);
if (options.write && (options.only !== undefined || options.peer)) {
  throw new Error("--write keeps the counts of whole units of MyRedis: without --only, --peer");
}

const source = options.source === undefined ? await fetchSuite() : findSuite(options.source);
if (source === undefined) throw new Error(`there is no source of Redis with its tests in ${options.source}`);
await checkVersion(source);

interface Job {
  readonly unit: string;
  readonly run: UnitRun;
  /** Which of the unit's runs. */
  readonly number: number;
}

const all = options.sentinel ? sentinelUnits : options.replication ? replicationUnits : units;
const peerRun: UnitRun = options.replication || options.sentinel ? { servers: ["redis-server"] } : {};
const waiting: Job[] = (options.unit ?? Object.keys(all)).flatMap((unit) => {
  const runs = options.peer ? [peerRun] : (all[unit] ?? [{}]);
  return runs.flatMap((run, number) => {
    const isPossible = run.suiteArguments?.includes(overTls) !== true || tclHasTls();
    if (!isPossible) console.log(`${runName(unit, run)} does not run: Tcl has no package tls (tcl-tls on Debian)`);
    return isPossible ? [{ unit, run, number }] : [];
  });
});
const findings: string[] = [];
const counts: Record<string, RunCounts[]> = {};
// Units of Sentinel's tests would take each other's ports.
await Promise.all(Array.from({ length: options.sentinel ? 1 : jobs }, () => work(source)));

async function work(suite: string): Promise<void> {
  const { peer, only } = options;
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    const { unit, run, number } = job;
    const outcome = await runUnit({ unit, run, source: suite, peer, only });
    const { passed, failed, ignored, broken, output } = outcome;
    if (options.verbose) console.log(output);
    const how = [...(run.directives ?? []), ...(run.suiteArguments ?? [])].join(" ");
    const told = `${passed.length} passed, ${failed.size} failed, ${ignored} left out by the suite`;
    console.log(`${runName(unit, run)}${how && ` (${how})`}: ${told}${broken === undefined ? "" : `, ${broken}`}`);
    (counts[unit] ??= [])[number] = { passed: passed.length, failed: failed.size, leftOut: ignored };
    const found = findingsOf(runName(unit, run), outcome, peer ? {} : expectedIn(unit, run));
    findings.push(...(only === undefined ? found : found.filter((text) => !text.endsWith(notRun))));
  }
}

if (findings.length > 0) console.log(`\n${findings.join("\n")}`);
console.log(`\n${findings.length} not as expected`);
if (options.write && findings.length === 0) {
  const before = (await Bun.file(resultsFile).json()) as Results;
  const known = Object.keys({ ...units, ...replicationUnits, ...sentinelUnits });
  const results: Results = Object.fromEntries(known.map((unit) => [unit, counts[unit] ?? before[unit] ?? []]));
  writeFileSync(resultsFile, `${JSON.stringify(results, undefined, 2)}\n`);
}
process.exit(findings.length > 0 ? 1 : 0);
