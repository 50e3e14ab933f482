import { expect, test } from "bun:test";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { testSecret } from "../fakes/test-gateway.ts";
import { configFolder, runProgram } from "../roles/program.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import { changeSecret, SecretStepError } from "../../src/settings/rotate-secret.ts";

function folder() {
  const { configFile } = configFolder({ backend: { api_secret: testSecret } });
  const secrets = () => {
    const { backend } = loadSettings(configFile, {});
    return { present: backend.api_secret, previous: backend.previous_api_secret };
  };
  return { configFile, secrets };
}
const careful = { force: false };

test("rotate makes a new secret, and the present one stays valid", () => {
  const { configFile, secrets } = folder();
  chmodSync(configFile, 0o600);
  changeSecret(configFile, "rotate", careful);
  expect(secrets()).toEqual({ present: expect.stringMatching(/^[\w+/]{64}$/), previous: testSecret });
  expect(statSync(configFile).mode & 0o777).toBe(0o600);
});

test("an announced secret is accepted before it signs", () => {
  const { configFile, secrets } = folder();
  changeSecret(configFile, "announce", careful);
  const announced = secrets().previous;
  expect(secrets().present).toBe(testSecret);
  changeSecret(configFile, "exchange", careful);
  expect(secrets()).toEqual({ present: announced, previous: testSecret });
  changeSecret(configFile, "retire", careful);
  expect(secrets()).toEqual({ present: announced, previous: "" });
});

test("a secret that may be in use is not given up unasked, and nothing is changed", () => {
  const { configFile, secrets } = folder();
  changeSecret(configFile, "rotate", careful);
  const before = readFileSync(configFile, "utf8");
  for (const step of ["rotate", "announce"] as const) {
    expect(() => changeSecret(configFile, step, careful)).toThrow(SecretStepError);
  }
  expect(readFileSync(configFile, "utf8")).toBe(before);
  const { present } = secrets();
  changeSecret(configFile, "rotate", { force: true });
  expect(secrets().previous).toBe(present);
});

test("a step without its secret says what to do", () => {
  const { configFile } = folder();
  expect(() => changeSecret(configFile, "exchange", careful)).toThrow("seckill keys announce");
  expect(() => changeSecret(configFile, "retire", careful)).toThrow("is empty already");
  writeFileSync(configFile, "{}");
  expect(() => changeSecret(configFile, "rotate", careful)).toThrow("backend.api_secret is empty");
  writeFileSync(configFile, "{]");
  expect(() => changeSecret(configFile, "rotate", careful)).toThrow(
    `${configFile}, line 1, column 2: the file is not valid JSON: a key in double quotes was expected`,
  );
});

test("the program says what comes next, and ends with 1 when it refuses", async () => {
  const { configFile } = folder();
  const rotate = ["keys", "rotate", "--config", configFile];
  expect(await runProgram(rotate)).toMatchObject({ code: 0, stdout: expect.stringContaining("seckill keys retire") });
  expect(await runProgram(rotate)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("keys retire"),
  });
  const refused = await runProgram([...rotate, "--json"]);
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: "refused" });
});
