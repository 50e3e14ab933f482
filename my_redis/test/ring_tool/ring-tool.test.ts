import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync } from "node:fs";
import { freePorts, temporaryFolder, waitUntil } from "../../../tools/test-services/index.ts";
import { runRingTool } from "../../src/ring_tool/run-ring-tool.ts";
import { startOpenServer } from "../../src/start-server.ts";
import { AgreedRing } from "../cluster/failover/agreed-ring.ts";
import { certificates, openssl, tlsDirectives } from "../tls/certificates.ts";

const password = "a secret with é";
let ring: AgreedRing;

interface ToolRun {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs the tool at the first node, with the password of the environment. */
async function tool(words: readonly string[], { isTerminal = false, environment = password } = {}): Promise<ToolRun> {
  const [out, error]: [string[], string[]] = [[], []];
  const output = { out: (text: string) => out.push(text), error: (text: string) => error.push(text), isTerminal };
  const code = await runRingTool(["-p", `${ring.ports[0] as number}`, ...words], environment, output);
  return { code, out: out.join(""), error: error.join("") };
}

const nameOf = (node: number): string => ring.names[node] as string;

beforeAll(async () => {
  ring = await AgreedRing.start(1, 3, { requirepass: password });
  for (const node of [1, 2]) await ring.startNode(node);
}, 30_000);

afterAll(() => ring.stop());

describe("my-redis-ring", () => {
  test("shows the ring as a table, and as JSON", async () => {
    const { code, out } = await tool(["status"]);
    expect(code).toBe(0);
    expect(out).toContain(`Leader ${nameOf(0)}, table`);
    expect(out).toMatch(/^127\.0\.0\.1:\d+ +itself +- +member +1 +16384 +1 +0$/m);
    expect(out).toContain("Nothing is under way.");
    const status = JSON.parse((await tool(["status", "--json"])).out) as { isSettled: boolean; keys: object };
    expect(status).toMatchObject({ isSettled: true, keys: { [nameOf(0)]: 0 } });
  });

  test("a dry run says what would move, and changes nothing", async () => {
    const client = await ring.connect(0);
    for (let number = 0; number < 400; number++) await client.reply("SET", `key:${number}`, "value");
    client.close();
    const { code, out } = await tool(["add", nameOf(1), "--dry-run"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^from +to +slots +keys, about$/m);
    expect(out).toContain(`${nameOf(0)}  ${nameOf(1)}   8192          200`);
    expect(out).toContain("8192 of 16384 slots move (50.0%). Ranges of slots: 1 before, 2 after.");
    expect((await tool(["status"])).out).not.toContain(nameOf(1));
  });

  test("adds a node with a weight and shows how it goes on, on a terminal as a bar", async () => {
    const added = await tool(["add", nameOf(1), "--weight", "2"]);
    expect(added.error).toBe("");
    expect(added).toMatchObject({ code: 0 });
    expect(added.out).toContain("slots left to move");
    expect(added.out).toEndWith("Done.\n");
    const weights = await tool(["weights", `${nameOf(1)}=1`], { isTerminal: true });
    expect(weights.out).toContain("\r\u001B[K[");
    expect(weights.out).toContain("[##############################] 100%  Nothing is under way.");
    const status = JSON.parse((await tool(["status", "--json"])).out) as { seats: { slots: number }[] };
    for (const { slots } of status.seats) expect(slots).toBeWithin(0.9 * 8192, 1.1 * 8192 + 1);
  }, 30_000);

  test("removes the node that it asks, with the replica of that node's place", async () => {
    await ring.startNode(3);
    expect(await tool(["add", nameOf(2), "--replica", nameOf(3), "--no-wait"])).toMatchObject({ code: 0, error: "" });
    await untilSettled();
    const { code, out, error } = await tool(["remove", nameOf(0), "--json"]);
    expect(error).toBe("");
    expect(code).toBe(0);
    const { after, transfers } = JSON.parse(out) as { after: { seats: { name: string }[] }; transfers: object[] };
    expect(after.seats.map(({ name }) => name).toSorted()).toEqual([nameOf(1), nameOf(2)].toSorted());
    expect(transfers.length).toBeGreaterThan(0);
    const left = await tool(["cancel"]);
    expect(left.code).toBe(1);
    expect(left.error).toContain("this node is no member of a ring: ask 127.0.0.1:");
    const removed = await tool(["-p", `${ring.ports[1] as number}`, "remove", nameOf(2)]);
    expect(removed).toMatchObject({ code: 0, error: "" });
    expect((await tool(["-p", `${ring.ports[1] as number}`, "status"])).out).not.toContain(nameOf(3));
  }, 60_000);

  test("what is wrong is said, with an exit code of its own", async () => {
    const port = ["-p", `${ring.ports[1] as number}`];
    const wrong: readonly [readonly string[], number, string][] = [
      [[], 2, "there is no command ''"],
      [["add"], 2, "add needs one HOST:PORT"],
      [["add", "nowhere"], 2, "'nowhere' is not HOST:PORT"],
      [["remove", nameOf(1), "--weight", "2"], 2, "--weight, --replica and --replica-of belong to add"],
      [["status", "-x", "1"], 2, "there is no option '-x'"],
      [["weights", nameOf(1)], 2, "is not HOST:PORT=W"],
      [["weights", `${nameOf(1)}=none`], 1, "the weight 'none' is not a number above 0"],
      [["remove", nameOf(1)], 1, "is the last one: somebody must keep the slots"],
      [["cancel"], 1, "there is nothing to cancel"],
      [["add", "127.0.0.1:1"], 1, "127.0.0.1:1: connect ECONNREFUSED"],
      [["-a", "wrong", "status"], 1, "WRONGPASS"],
      [["--pass", "wrong", "status"], 1, "Warning: others of this machine can read a password on the command line"],
      [["status", "--force"], 2, "--force belongs to remove"],
      [["remove", nameOf(1), "--replica-of", nameOf(1)], 2, "--replica-of belong to add"],
      [["add", nameOf(0), "--replica-of", nameOf(1), "--weight", "2"], 2, "has no weight and no replicas"],
      [["remove-replica", nameOf(1)], 1, `node ${nameOf(1)} is the primary of place ${nameOf(1)}`],
      [["status", "--cacert", "/none"], 2, "options of TLS need --tls"],
      [["status", "--tls", "--cacert", "/none"], 2, "--cacert '/none': No such file or directory"],
      [["status", "--tls", "--cert", "/none"], 2, "--cert and --key belong together"],
    ];
    for (const [words, code, text] of wrong) {
      const run = await tool([...port, ...words]);
      expect(run.error).toContain(text);
      expect(run.code).toBe(code);
    }
    expect((await tool([...port, "status"], { environment: "" })).code).toBe(1);
    const unwarned = await tool([...port, "-a", password, "--no-auth-warning", "status"], { environment: "" });
    expect(unwarned).toMatchObject({ code: 0, error: "" });
    expect(await tool(["--help"])).toMatchObject({ code: 0, error: "" });
  });

  test("adds a replica to a place, removes it again, and gives a place up with a warning", async () => {
    const asked = ["-p", `${ring.ports[1] as number}`];
    const startEmpty = async (node: number): Promise<void> => {
      await ring.kill(node, "SIGTERM");
      rmSync(ring.folders[node] as string, { recursive: true });
      mkdirSync(ring.folders[node] as string);
      await ring.startNode(node, { peers: nameOf(1) });
    };
    await Promise.all([startEmpty(2), startEmpty(3)]);
    const added = await tool([...asked, "add", nameOf(3), "--replica-of", nameOf(1)]);
    expect(added).toMatchObject({ code: 0, error: "" });
    expect(added.out).toContain("No slots move.");
    // It has all data of the place by then.
    expect(JSON.parse((await tool([...asked, "status", "--json"])).out)).toMatchObject({
      seats: [{ name: nameOf(1), inSync: [nameOf(1), nameOf(3)] }],
    });
    expect((await tool([...asked, "status"])).out).toContain(nameOf(3));
    expect(await tool([...asked, "remove-replica", nameOf(3)])).toMatchObject({ code: 0, error: "" });
    expect((await tool([...asked, "status"])).out).not.toContain(nameOf(3));
    // It still has what the place had.
    expect((await tool([...asked, "add", nameOf(3)])).error).toContain("a node that joins must be empty");
    await startEmpty(3);
    // Three nodes, so that the others can decide without the third one.
    expect(await tool([...asked, "add", nameOf(3)])).toMatchObject({ code: 0, error: "" });
    expect(await tool([...asked, "add", nameOf(2)])).toMatchObject({ code: 0, error: "" });
    await ring.kill(2);
    const words = [...asked, "remove", nameOf(2), "--force"];
    let planned = await tool([...words, "--dry-run"]);
    while (planned.code !== 0) {
      expect(planned.error).toMatch(/silent for|no majority|no leader/);
      planned = await tool([...words, "--dry-run"]);
    }
    expect(planned.error).toMatch(/^WARNING: the keys of \d{4} of 16384 slots would be lost\.\n$/);
    const removed = await tool(words);
    expect(removed.error).toMatch(/^WARNING: the keys of \d{4} of 16384 slots are lost\.\n$/);
    expect(removed.code).toBe(0);
    expect((await tool([...asked, "status"])).out).not.toContain(nameOf(2));
  }, 60_000);
});

describe.skipIf(openssl === undefined)("my-redis-ring over TLS (needs openssl)", () => {
  test("shows the authority and its own certificate as redis-cli does", async () => {
    const { ca, client, otherCa } = certificates();
    const [plain, port] = (await freePorts(2)) as [number, number];
    const server = await startOpenServer({
      ...{ port: plain, "tls-port": port, self: `127.0.0.1:${port}`, dir: temporaryFolder("ring-tool-tls") },
      ...{ appendonly: true, save: "", "cluster-members": "agreed", "cluster-node-timeout": 600, "tls-cluster": true },
      ...{ ...tlsDirectives(), environment: { report: () => {} } },
    });
    try {
      const [out, error]: [string[], string[]] = [[], []];
      const run = async (...words: string[]): Promise<number> =>
        runRingTool(["-p", `${port}`, "--json", ...words, "status"], undefined, {
          ...{ out: (text: string) => out.push(text), error: (text: string) => error.push(text), isTerminal: false },
        });
      const own = ["--tls", "--cert", client.cert, "--key", client.key];
      const isSettled = async (): Promise<boolean> =>
        (await run(...own, "--cacert", ca.cert)) === 0 && out.at(-1)?.includes('"isSettled":true') === true;
      await waitUntil(isSettled, { what: "a ring", timeoutMs: 20_000 });
      expect(JSON.parse(out.at(-1) as string)).toMatchObject({ keys: { [`127.0.0.1:${port}`]: 0 } });
      expect(await run(...own, "--insecure")).toBe(0);
      expect(await run(...own, "--cacert", otherCa.cert)).toBe(1);
      expect(error.at(-1)).toContain("certificate");
      // The nodes want to see a certificate.
      expect(await run("--tls", "--cacert", ca.cert)).toBe(1);
      expect(await run()).toBe(1);
    } finally {
      await server.close();
    }
  }, 30_000);
});

async function untilSettled(): Promise<void> {
  for (;;) {
    const { isSettled } = JSON.parse((await tool(["status", "--json"])).out) as { isSettled: boolean };
    if (isSettled) return;
    await Bun.sleep(50);
  }
}
