import { expect, test } from "bun:test";
import { LinkClock } from "../../src/cluster/link/link-clock.ts";
import { systemEnvironment } from "../../src/environment.ts";
import { DirectiveError } from "../../src/settings/directive.ts";
import { Settings } from "../../src/settings/settings.ts";

const timeout = "cluster-node-timeout";
const change = (settings: Settings): void => settings.change([{ name: timeout, value: 60_000 }], () => {});

test("nobody hears of a change that is refused because the directive is fixed", () => {
  const settings = new Settings();
  const heard: unknown[] = [];
  settings.onChange(timeout, () => heard.push(settings.values[timeout]));
  settings.fix(timeout, "it is the same on all nodes");
  const before = settings.values[timeout];
  expect(() => change(settings)).toThrow("it is the same on all nodes");
  expect(heard).toEqual([]);
  expect(settings.values[timeout]).toBe(before);
});

test("a change that a later listener refuses is taken back by those of the same directive that have applied it", () => {
  const settings = new Settings();
  const clock = new LinkClock({ settings, environment: systemEnvironment(() => {}) }, () => {});
  settings.onChange(timeout, () => {
    throw new DirectiveError("no");
  });
  const { timeoutMs } = clock.timing;
  expect(() => change(settings)).toThrow("no");
  expect(clock.timing.timeoutMs).toBe(timeoutMs);
});
