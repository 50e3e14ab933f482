import { describe, expect, test } from "bun:test";
import { YAML } from "bun";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, requireService } from "../../../tools/test-services/index.ts";
import { parseCommandLine } from "../../src/command-line/parse.ts";
import type { Task } from "../../src/roles/task.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import { testSecret } from "../fakes/test-gateway.ts";

const deploy = join(import.meta.dir, "../../../deploy");
const [composeFolder, kubernetes] = [join(deploy, "compose"), join(deploy, "kubernetes")];
const read = (...path: string[]): string => readFileSync(join(...path), "utf8");
const secretOf = (letter: string): string => `${letter}${testSecret.slice(1)}`;
const secrets = {
  SECKILL_API_SECRET: secretOf("a"),
  SECKILL_INTERNAL_SECRET: secretOf("b"),
  SECKILL_ADMIN_SECRET: secretOf("c"),
  SECKILL_MYSQL_PASS_WORD: "x",
  SECKILL_RABBITMQ_URL: "amqp://rabbitmq:5672/",
};

function taskOf(words: readonly string[]): Task {
  const asked = parseCommandLine(words);
  if (asked.kind !== "run") throw new Error(`${words.join(" ")} runs nothing`);
  expect(asked.commandLine.configFile).toBe("/etc/seckill/config.json");
  return asked.commandLine.task;
}

test("the container starts the program with its settings", () => {
  const lines = read(deploy, "Containerfile").split("\n");
  const words = (name: string) => JSON.parse(lines.find((line) => line.startsWith(`${name} `))!.slice(name.length + 1));
  expect(words("ENTRYPOINT")).toEqual(["seckill"]);
  expect(taskOf(words("CMD") as string[])).toEqual({ kind: "serve", role: "all" });
});

interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, object>>;
}

describe("compose.yaml", () => {
  const { services, volumes } = YAML.parse(read(composeFolder, "compose.yaml")) as {
    services: Record<string, ComposeService>;
    volumes: Record<string, object>;
  };
  const { environment } = services["gateway"]!;
  const { SECKILL_RABBITMQ_URL: _, ...own } = secrets;
  const settings = loadSettings(join(composeFolder, "config.json"), own);

  test("starts every role, after the tables are there", () => {
    const ours = Object.entries(services).filter(([, { image }]) => image === "seckill");
    const tasks = ours.map(([name, { command }]): [string, Task] => [name, taskOf(command!)]);
    const roles = (["gateway", "relay", "consumer", "sweeper", "admin"] as const).map((role): [string, Task] => [
      role,
      { kind: "serve", role },
    ]);
    expect(tasks).toEqual([["migrate", { kind: "migrate", json: false }], ...roles]);
    for (const [name, service] of ours.slice(1)) {
      expect([name, Object.keys(service.depends_on!)]).toEqual([name, ["migrate", "redis", "rabbitmq"]]);
    }
    expect(Object.keys(environment!).every((name) => name in own)).toBe(true);
  });

  test("names servers that it starts, and shows the ports of the settings to this machine alone", () => {
    const hosts = [
      settings.mysql.host,
      ...[settings.redis.url, settings.rabbitmq.url].map((url) => new URL(url).hostname),
    ];
    expect(hosts).toEqual(["mysql", "redis", "rabbitmq"]);
    for (const host of hosts) expect(services).toHaveProperty(host);
    const { backend, admin } = settings;
    expect(services["gateway"]!.ports).toEqual([`127.0.0.1:${backend.api_port}:${backend.api_port}`]);
    expect(services["admin"]!.ports).toEqual([`127.0.0.1:${admin.port}:${admin.port}`]);
    for (const { ports = [] } of Object.values(services))
      for (const port of ports) expect(port).toStartWith("127.0.0.1:");
  });

  test("mounts files and volumes that are there", () => {
    for (const [from] of Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((each) => each.split(":")),
    )) {
      if (from!.startsWith(".")) expect([from, existsSync(join(composeFolder, from!))]).toEqual([from, true]);
      else expect(volumes).toHaveProperty(from!);
    }
  });

  const prometheus = requireService("prometheus");
  test.skipIf(prometheus.missing)(`has Prometheus ask every role${prometheus.reason}`, () => {
    const file = join(composeFolder, "prometheus.yml");
    const { status, stderr } = spawnSync("promtool", ["check", "config", "--syntax-only", file], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    for (const [name, { image }] of Object.entries(services)) {
      if (image !== "seckill" || name === "migrate") continue;
      expect(read(file)).toContain(`"${name}:${settings.operations.port}"`);
    }
  });
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly selector?: Record<string, unknown>;
    readonly template?: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec };
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly maxUnavailable?: number;
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
  };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly {
    readonly image: string;
    readonly args: readonly string[];
    readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
    readonly readinessProbe?: { readonly httpGet: { readonly port: string } };
  }[];
}

describe("the manifests for Kubernetes", () => {
  const { resources } = YAML.parse(read(kubernetes, "kustomization.yaml")) as { resources: string[] };
  const manifestsOf = (file: string): Manifest[] => [YAML.parse(read(kubernetes, file))].flat() as Manifest[];
  const all = resources.flatMap(manifestsOf);
  const workloads = all.filter(({ kind }) => kind === "StatefulSet" || kind === "Deployment");
  const settings = loadSettings(join(kubernetes, "config.json"), secrets);
  const byKind = (kind: string): Manifest[] => all.filter((manifest) => manifest.kind === kind);

  test("are all used, except the job that comes first", () => {
    const files = readdirSync(kubernetes).filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml");
    expect(files.toSorted()).toEqual([...resources, "migrate.yaml"].toSorted());
    const [container] = manifestsOf("migrate.yaml")[0]!.spec.template!.spec.containers;
    expect(taskOf(container!.args)).toEqual({ kind: "migrate", json: false });
  });

  test("run each role twice or more, with probes, a budget and an end that is longer than the program's", () => {
    const tasks = workloads.map(({ spec }) => taskOf(spec.template!.spec.containers[0]!.args));
    const roles = ["gateway", "relay", "consumer", "sweeper"] as const;
    expect(tasks).toEqual(roles.map((role) => ({ kind: "serve", role })));
    for (const { metadata, spec } of workloads) {
      expect(spec.replicas).toBeGreaterThan(1);
      const { labels } = spec.template!.metadata;
      expect(spec.selector!["matchLabels"]).toEqual(labels);
      const budget = byKind("PodDisruptionBudget").find((each) => each.metadata.name === metadata.name);
      expect(budget?.spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: labels } });
      const { terminationGracePeriodSeconds, containers } = spec.template!.spec;
      expect(terminationGracePeriodSeconds).toBeGreaterThan(settings.backend.shutdown_seconds);
      const [{ readinessProbe, ports }] = containers as [(typeof containers)[0]];
      expect(ports!.map(({ name }) => name)).toContain(readinessProbe!.httpGet.port);
    }
  });

  test("have the ports and the ring of the settings", () => {
    const [gateway] = workloads as [Manifest];
    const { ports } = gateway.spec.template!.spec.containers[0]!;
    expect(Object.fromEntries(ports!.map(({ name, containerPort }) => [name, containerPort]))).toEqual({
      http: settings.backend.api_port,
      ring: 9080,
      operations: settings.operations.port,
    });
    const { metadata, spec } = gateway;
    const names = Array.from({ length: spec.replicas! }, (_, index) => `${metadata.name}-${index}.seckill-ring:9080`);
    expect(settings.gateways.nodes).toEqual(names);
    const own = loadSettings(join(kubernetes, "config.json"), { ...secrets, SECKILL_GATEWAYS_SELF: names[0] });
    expect(own.gateways.self).toBe(names[0]!);
    for (const service of byKind("Service")) {
      expect(service.spec.selector).toEqual(spec.template!.metadata.labels as Record<string, unknown>);
      for (const { targetPort } of service.spec.ports!) expect(ports!.map(({ name }) => name)).toContain(targetPort);
    }
    const [scaler] = byKind("HorizontalPodAutoscaler") as [Manifest];
    expect(scaler.spec.scaleTargetRef).toMatchObject({ kind: gateway.kind, name: metadata.name });
  });

  const kubectl = findProgram("kubectl");
  test.skipIf(kubectl === undefined)(
    `are read by kubectl kustomize${kubectl === undefined ? " (skipped: there is no kubectl on PATH)" : ""}`,
    () => {
      const { status, stdout, stderr } = spawnSync(kubectl!, ["kustomize", kubernetes], { encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
      // The settings are one more.
      expect(stdout.match(/^kind: /gm)).toHaveLength(all.length + 1);
    },
  );
});
