import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";
import { repositoryFiles, repositoryFolder } from "../source-files.ts";

/** Files that GitHub and editors read. They report a file that they cannot read too late, or not at all. */
const read = (path: string): string => readFileSync(join(repositoryFolder, path), "utf8");
const yaml = (path: string) => YAML.parse(read(path)) as Record<string, unknown>;

interface FormField {
  type: string;
  id?: string;
  attributes: { label?: string; value?: string; options?: readonly unknown[] };
}

const formsFolder = ".github/ISSUE_TEMPLATE";
const forms = readdirSync(join(repositoryFolder, formsFolder)).filter((name) => name !== "config.yml");

describe("a form for issues", () => {
  test("there is one for what is wrong and one for what is missing", () => {
    expect(forms.toSorted()).toEqual(["bug.yml", "feature.yml"]);
    expect(yaml(join(formsFolder, "config.yml"))).toEqual({ blank_issues_enabled: true });
  });

  test.each(forms)("%s has what GitHub demands of a form", (name) => {
    const form = yaml(join(formsFolder, name));
    expect(Object.keys(form).toSorted()).toEqual(["body", "description", "labels", "name"]);
    const body = form["body"] as readonly FormField[];
    const asked = body.filter(({ type }) => type !== "markdown");
    expect(asked.length).toBeGreaterThan(0);
    for (const { type, id, attributes } of asked) {
      expect(["input", "textarea", "dropdown", "checkboxes"]).toContain(type);
      expect(id).toMatch(/^[a-z-]+$/);
      expect(attributes.label).toBeString();
      if (type === "dropdown" || type === "checkboxes") expect(attributes.options).not.toBeEmpty();
    }
    for (const { type, attributes } of body) if (type === "markdown") expect(attributes.value).toBeString();
    expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
  });
});

test("the workflow runs .ci/run in a container of Debian, with an end", () => {
  interface Job {
    container: string;
    "timeout-minutes": number;
    env: Record<string, string>;
    steps: readonly { run?: string; uses?: string }[];
  }
  const workflow = yaml(".github/workflows/ci.yml") as { on: object; permissions: object; jobs: Record<string, Job> };
  expect(Object.keys(workflow.on)).toEqual(["push", "pull_request"]);
  expect(workflow.permissions).toEqual({ contents: "read" });
  const [job] = Object.values(workflow.jobs) as [Job];
  expect(job.steps.at(-1)?.run).toBe(".ci/run");
  expect(job.container).toMatch(/^node:20-bookworm$/);
  expect(Number(job.env["TEST_MINUTES"])).toBeLessThan(job["timeout-minutes"]);
  // It is started as a program.
  expect(statSync(join(repositoryFolder, ".ci/run")).mode & 0o111).toBe(0o111);
});

test("the development container has the Node of the workflow, and prepares what tests need", () => {
  const text = read(".devcontainer/devcontainer.json").replace(/^\s*\/\/.*$/gm, "");
  const container = JSON.parse(text) as { image: string; postCreateCommand: string };
  expect(read(".github/workflows/ci.yml")).toContain(`container: ${container.image}\n`);
  const commands = container.postCreateCommand.split(" && ");
  expect(commands[0]).toStartWith("npm ci");
  for (const path of commands[1]?.split(" ").slice(1) ?? [])
    expect(existsSync(join(repositoryFolder, path))).toBe(true);
});

test("the pages that GitHub looks for are there", () => {
  const pages = ["README.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"];
  for (const page of [...pages, ".github/PULL_REQUEST_TEMPLATE.md"]) expect(repositoryFiles()).toContain(page);
});

test("every `npm run` of the documentation is a script that exists", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const pages = repositoryFiles().filter((path) => path.endsWith(".md"));
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/npm run (?:--?\w+ )*([a-z:-]+)/g)].map(([, script]) => ({ page, script })),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ script = "" }) => !Object.hasOwn(scripts, script))).toEqual([]);
});
