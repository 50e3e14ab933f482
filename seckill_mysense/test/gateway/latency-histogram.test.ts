import { expect, test } from "bun:test";
import { Histogram, Registry } from "prom-client";
import { LatencyHistogram } from "../../src/gateway/latency-histogram.ts";

test("the text is the one that the library's own histogram has after the same values", async () => {
  const shared = { name: "answer_seconds", help: "Time to answer." };
  const bounds = [0.001, 0.25, 5];
  const [ours, theirs] = [new Registry(), new Registry()];
  const counted = new LatencyHistogram({ ...shared, boundsSeconds: bounds });
  counted.registerIn(ours);
  const compared = new Histogram({ ...shared, buckets: bounds, registers: [theirs] });
  expect(await ours.metrics()).toBe(await theirs.metrics());
  for (const seconds of [0, 0.0005, 0.001, 0.0011, 0.25, 0.3, 5, 5.1, 60]) {
    counted.observe(seconds);
    compared.observe(seconds);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
  expect(await ours.metrics()).toContain('answer_seconds_bucket{le="0.001"} 3\n');
});
