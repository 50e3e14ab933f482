import { describe, expect, test } from "bun:test";
import { YAML } from "bun";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dashboard, dashboardFile, queries } from "../../../deploy/grafana/dashboards.ts";
import { requireService, waitUntil } from "../../../tools/test-services/index.ts";
import { parseCommandLine } from "../../src/command-line/parse.ts";
import { programServices, startProgramServices } from "../roles/program-services.ts";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, startProgram } from "../roles/program.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook: string };
}

const deploy = join(import.meta.dir, "../../../deploy");
const folder = join(deploy, "prometheus");
const read = (file: string): string => readFileSync(join(folder, file), "utf8");
const { rules } = (YAML.parse(read("alerts.yml")) as { groups: [{ rules: Rule[] }] }).groups[0];
const runbooks = readFileSync(join(deploy, "../docs/runbooks.md"), "utf8");
const prometheus = requireService("prometheus");
const alertmanager = requireService("alertmanager");
const { missing, reason } = programServices;
const timeoutMs = 120_000;

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8", timeout: 60_000 });
  expect([args.join(" "), status, `${stdout}${stderr}`]).toEqual([args.join(" "), 0, expect.any(String)]);
  return stdout;
}

describe.skipIf(prometheus.missing)(`the rules for Prometheus${prometheus.reason}`, () => {
  test("are valid", () => {
    expect(run("promtool", "check", "rules", "alerts.yml")).toContain(`${rules.length} rules found`);
    run("promtool", "check", "config", "prometheus.yml");
  });

  test("raise each alert when it is time, and clear it", () => {
    expect(run("promtool", "test", "rules", "alerts.test.yml")).toContain("SUCCESS");
    const tested = (YAML.parse(read("alerts.test.yml")) as { tests: { name: string }[] }).tests.map(({ name }) => name);
    expect(tested).toEqual(rules.map(({ alert }) => alert));
  });
});

test.skipIf(alertmanager.missing)(`the routes of alerts are valid${alertmanager.reason}`, () => {
  expect(run("amtool", "check-config", "alertmanager.yml")).toContain("SUCCESS");
  for (const severity of ["page", "ticket"]) {
    const route = run("amtool", "config", "routes", "test", "--config.file=alertmanager.yml", `severity=${severity}`);
    expect(route.trim()).toBe(severity);
  }
});

describe("the runbook", () => {
  const sections = new Map(
    runbooks
      .split(/^## /m)
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf("\n")), text]),
  );

  test("has a section for each alert, in the same order, and the alert names it", () => {
    expect([...sections.keys()]).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
    }
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    "says of %s what it is, and what to do",
    (alert, rule) => {
      const section = sections.get(alert)!;
      expect(section).toContain(`**${rule.labels.severity}**, after ${rule.for}: \`${rule.expr}\``);
      const commands = /```sh\n([^`]+)```/.exec(section)?.[1]?.trim().split("\n") ?? [];
      expect(commands).not.toBeEmpty();
      for (const command of commands.filter((line) => line.startsWith("seckill "))) {
        const words = [...command.replace(/ +#.*/, "").matchAll(/"([^"]*)"|(\S+)/g)].map(
          ([, quoted, plain]) => quoted ?? plain!,
        );
        expect([command, parseCommandLine(words.slice(1)).kind]).toEqual([command, "run"]);
      }
    },
  );
});

test("the dashboard's file is what its code says", () => {
  expect(JSON.parse(readFileSync(dashboardFile, "utf8"))).toEqual(dashboard());
});

const nameOf = (metric: string): string => metric.replace(/_(bucket|sum|count)$/, "");

describe.skipIf(missing)(`a running system${reason}`, () => {
  test(
    "exports every metric that an alert or the dashboard asks for",
    async () => {
      const services = await startProgramServices();
      const payments = {
        provider: "simulator",
        api_url: "http://127.0.0.1:1",
        api_key: "x",
        callback_secret: testSecret,
      };
      const { configFile } = configFolder({ ...services.config, backend: { api_secret: testSecret }, payments });
      const { operationsUrl, process } = await startProgram(configFile);
      const asked = new Set(
        [...queries, ...rules.map(({ expr }) => expr)].flatMap((query) => query.match(/seckill_\w+/g) ?? []),
      );
      expect(asked.size).toBeGreaterThan(20);
      const missingOnes = async (): Promise<string[]> => {
        const text = await (await fetch(`${operationsUrl}/metrics`)).text();
        const exported = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!));
        return [...asked].filter((metric) => !exported.has(nameOf(metric)) && !exported.has(metric));
      };
      await waitUntil(async () => (await missingOnes()).length === 0, {
        what: "every metric to be exported",
        timeoutMs: 20_000,
        intervalMs: 500,
      }).catch(async () => expect(await missingOnes()).toEqual([]));
      await process.stop();
      await services.stop();
    },
    timeoutMs,
  );
});
