import { HashRing } from "hash-ring";

const usage = `usage: bun deploy/nginx/write-ring.ts <gateway>=<upstream> ... > /etc/nginx/ring.json

gateway   what it calls itself: gateways.self in its config.json, host:port
upstream  the name of its upstream in nginx.conf
`;

/** The ring as nginx reads it: for each point, in the order of their positions, whose it is. */
interface RingFile {
  readonly upstreams: readonly string[];
  readonly positions: readonly number[];
  /** Indexes into `upstreams`. */
  readonly owners: readonly number[];
}

/** Points whose next one belongs to the same gateway decide nothing and are left out. */
function ringFile(upstreams: ReadonlyMap<string, string>): RingFile {
  const ring = new HashRing(upstreams.keys());
  const { positions, nodeIndexes } = ring.points;
  const kept = [...positions.keys()].filter((point) => nodeIndexes[point] !== nodeIndexes[point + 1]);
  return {
    upstreams: ring.nodes.map(({ name }) => upstreams.get(name) as string),
    positions: kept.map((point) => positions[point] as number),
    owners: kept.map((point) => nodeIndexes[point] as number),
  };
}

const pairs = process.argv.slice(2).map((word) => /^([^=]+:\d+)=([\w.-]+)$/.exec(word));
if (pairs.length === 0 || pairs.includes(null)) {
  process.stderr.write(usage);
  process.exitCode = 1;
} else {
  const upstreams = new Map(pairs.map((pair) => [pair?.[1] as string, pair?.[2] as string]));
  if (upstreams.size === pairs.length) process.stdout.write(`${JSON.stringify(ringFile(upstreams))}\n`);
  else {
    process.stderr.write("a gateway is named twice\n");
    process.exitCode = 1;
  }
}
