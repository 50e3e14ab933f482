import { beforeEach, describe, expect, test } from "bun:test";
import type { GateRecord } from "../../src/ledger/gates.ts";
import type { ConsumerReport } from "../../src/recovery/consumer-report.ts";
import { OnTheWay } from "../../src/recovery/on-the-way.ts";

const record = {
  product: { id: "lamp", epoch: 1 },
  sequence: 7,
  taken: 7,
  pendingReturns: 0,
} as unknown as GateRecord;

describe("what is on its way to the ledger through a shared queue", () => {
  let nowMs: number;
  let ready: number;
  let reports: ConsumerReport[];
  /** Consumers that the broker knows. */
  let connected: number;
  let onTheWay: OnTheWay;

  beforeEach(() => {
    nowMs = 1_000_000;
    ready = 0;
    reports = [];
    connected = 1;
    onTheWay = begin();
  });

  const begin = (): OnTheWay =>
    new OnTheWay({
      queue: { depth: async () => ({ ready, unacknowledged: 0, consumers: connected }) },
      consumers: async () => reports,
      clock: { now: () => nowMs, elapsedMs: () => nowMs },
    });

  const report = (changes: Partial<ConsumerReport> = {}): ConsumerReport => {
    return { instance: "one", ageMs: 0, held: 0, received: 0, oldestMs: 0, connection: 1, ...changes };
  };
  const find = (outboxLength = 0) => onTheWay.find(record, outboxLength);
  const later = (ms: number): void => void (nowMs += ms);

  test("nothing is, once each consumer has said after the moment of the question that it holds nothing", async () => {
    reports = [report({ ageMs: 100 })];
    expect(await find()).toBe("the consumers one may hold reservations");
    later(2_000);
    reports = [report({ ageMs: 100 })];
    expect(await find()).toBeUndefined();
  });

  test("other products may go on selling: only what was there at first is waited for", async () => {
    ready = 500;
    let received = 10_000;
    const busy = (oldestMs: number): ConsumerReport[] => {
      received += 200;
      return [report({ held: 300, received, oldestMs, ageMs: 50 })];
    };
    reports = busy(900);
    expect(await find()).toBe("500 reservations are to be taken from the queue first");
    const answers: (string | undefined)[] = [];
    for (let looks = 0; looks < 5; looks++) {
      later(1_000);
      reports = busy(900);
      answers.push(await find());
    }
    // Received 200, 400 and 600 after the first report that counts; then the consumer still has messages of before.
    expect(answers).toEqual([
      "500 reservations are to be taken from the queue first",
      "300 reservations are to be taken from the queue first",
      "100 reservations are to be taken from the queue first",
      "the consumers one may hold reservations",
      "the consumers one may hold reservations",
    ]);
    later(1_000);
    reports = busy(900);
    expect(await find()).toBeUndefined();
  });

  test("the count begins anew after a consumer that says nothing was there: it may have given back what others took", async () => {
    ready = 10;
    const taken = async (received: number): Promise<string | undefined> => {
      later(1_000);
      reports = [report({ received })];
      return find();
    };
    for (let looks = 0; looks < 2; looks++) {
      expect(await taken(100)).toBe("10 reservations are to be taken from the queue first");
    }
    connected = 2;
    expect(await taken(100)).toStartWith("1 consumers that say nothing");
    connected = 1;
    expect(await taken(110)).toBe("10 reservations are to be taken from the queue first");
  });

  test("what was seen in an earlier epoch of the product says nothing", async () => {
    const look = (epoch: number) => {
      later(2_000);
      return onTheWay.find({ ...record, product: { ...record.product, epoch } }, 0);
    };
    reports = [report({ ageMs: 100 })];
    expect(await look(1)).toBe("the consumers one may hold reservations");
    expect(await look(2)).toBe("the consumers one may hold reservations");
    expect(await look(2)).toBeUndefined();
  });

  test("a consumer that does not let go of its oldest message is waited for", async () => {
    reports = [report({ held: 1, received: 1, oldestMs: 10_000 })];
    for (let looks = 0; looks < 30; looks++) {
      expect(await find()).toBe("the consumers one may hold reservations");
      later(1_000);
      reports = [report({ held: 1, received: 1, oldestMs: 10_000 + (looks + 1) * 1_000 })];
    }
  });

  test("a consumer that was killed is not waited for, but what the broker took back is", async () => {
    const dead = (ageMs: number): ConsumerReport => report({ instance: "dead", held: 300, received: 300, ageMs });
    ready = 300;
    reports = [dead(1_000), report({ instance: "new" })];
    expect(await find()).toBe("300 reservations are to be taken from the queue first");
    later(500);
    ready = 0;
    reports = [dead(1_500), report({ instance: "new", held: 300, received: 300, oldestMs: 100 })];
    expect(await find()).toBe("the consumers dead, new may hold reservations");
    later(1_000);
    reports = [dead(2_500), report({ instance: "new", held: 300, received: 300, oldestMs: 1_100 })];
    expect(await find()).toBe("the consumers dead, new may hold reservations");
    later(1_000);
    reports = [dead(3_500), report({ instance: "new", held: 2, received: 302, oldestMs: 5 })];
    expect(await find()).toBeUndefined();
  });

  /** Looks until nothing is on its way, or the time is over, while a consumer crashes with all that it takes. */
  async function lookWhileOneCrashes(everyMs: number, hasOther: boolean): Promise<string | undefined> {
    const startMs = nowMs;
    const rows = new Map<string, { readonly atMs: number; readonly said: ConsumerReport }>();
    for (let why: string | undefined; nowMs < startMs + 30_000; later(50)) {
      const [life, ageMs] = [Math.floor((nowMs - startMs) / everyMs), (nowMs - startMs) % everyMs];
      const upMs = ageMs - 300;
      // Of its messages the broker has those that no other consumer takes.
      ready = upMs < 0 && !hasOther ? 5 : 0;
      connected = (upMs < 0 ? 0 : 1) + (hasOther ? 1 : 0);
      const crashing = report({ instance: `crashing ${life}`, held: 5, received: 5, oldestMs: upMs });
      if (upMs >= 0 && upMs % 1_000 === 0) rows.set(crashing.instance, { atMs: nowMs, said: crashing });
      const count = 5 * life;
      const other = report({ instance: "other", received: count });
      if (hasOther && (nowMs - startMs) % 1_000 === 0) rows.set("other", { atMs: nowMs, said: other });
      reports = [...rows.values()].map(({ atMs, said }) => ({ ...said, ageMs: nowMs - atMs }));
      // The product is lost when the consumer has crashed several times already.
      if (nowMs < startMs + 8_000) continue;
      why = await find();
      if (why === undefined) return undefined;
    }
    return "something is on its way";
  }

  test.each([1_000, 2_000, 4_000])(
    "a consumer that crashes every %d ms keeps no product closed, but what nobody else gets is waited for",
    async (everyMs) => {
      expect(await lookWhileOneCrashes(everyMs, true)).toBeUndefined();
      onTheWay = begin();
      expect(await lookWhileOneCrashes(everyMs, false)).toBe("something is on its way");
    },
  );

  test("a consumer that is silent is waited for as long as the broker has it, and then for what the broker takes back", async () => {
    const silent = "1 consumers that say nothing are connected to the queue, and may hold reservations";
    connected = 2;
    const frozen = (ageMs: number): ConsumerReport => report({ instance: "frozen", ageMs });
    reports = [frozen(1_000), report({ instance: "other" })];
    expect(await find()).toBe("the consumers frozen, other may hold reservations");
    for (let ageMs = 5_000; ageMs < 15_000; ageMs += 1_000) {
      later(1_000);
      reports = [frozen(ageMs), report({ instance: "other" })];
      expect(await find()).toBe(silent);
    }
    // The broker gives it up: what it held waits in the queue, before the other one says so.
    [connected, ready] = [1, 7];
    later(1_000);
    expect(await find()).toBe("7 reservations are to be taken from the queue first");
    ready = 0;
    later(1_000);
    reports = [report({ instance: "other", held: 7, received: 7, oldestMs: 500 })];
    expect(await find()).toBe("the consumers other may hold reservations");
    later(1_000);
    reports = [report({ instance: "other", received: 7 })];
    expect(await find()).toBeUndefined();
  });

  test("the only consumer is frozen: its messages are on their way though nobody speaks of them", async () => {
    connected = 1;
    await find();
    later(5_000);
    expect(await find()).toStartWith("1 consumers that say nothing");
    [connected, ready] = [0, 3];
    expect(await find()).toBe("the queue has no consumers, or cannot be asked for them");
  });

  test("a queue that says that it is empty and has no consumers says nothing: the broker cannot reach its leader", async () => {
    reports = [report({ ageMs: 100 })];
    connected = 0;
    for (let looks = 0; looks < 10; looks++) {
      expect(await find()).toBe("the queue has no consumers, or cannot be asked for them");
      later(2_000);
    }
    [connected, ready] = [1, 30];
    expect(await find()).toBe("30 reservations are to be taken from the queue first");
  });

  test.each([
    ["was killed", (later: boolean) => report({ instance: "other", ageMs: later ? 1_500 : 500 })],
    ["lives without a connection", () => report({ instance: "other", connection: 0 })],
    ["lost its connection", (later: boolean) => report({ instance: "other", connection: later ? 2 : 1 })],
  ])(
    "a silent consumer that the broker has is waited for, although another one, which %s, may be the counted one",
    async (_why, other) => {
      // It has been silent for long, and holds messages.
      const silent = (ageMs: number): ConsumerReport => report({ instance: "silent", held: 3, received: 3, ageMs });
      connected = 1;
      reports = [silent(5_000), other(false)];
      expect(await find()).not.toBeUndefined();
      later(1_000);
      reports = [silent(6_000), other(true)];
      expect(await find()).not.toBeUndefined();
      // Now the broker counts it, and the silent one beside it.
      connected = 2;
      later(1_000);
      reports = [silent(7_000), report({ instance: "other", connection: 3 })];
      expect(await find()).toStartWith("1 consumers that say nothing");
      // It has ended, and what it held waits in the queue.
      [connected, ready] = [1, 3];
      later(1_000);
      expect(await find()).toBe("3 reservations are to be taken from the queue first");
    },
  );

  test("what a consumer gives back between the two questions is waited for", async () => {
    let isToStop = false;
    let atQueue = 0;
    // The consumer stops after the first of the two questions, whichever that is.
    const answer = <T>(found: T): T => {
      if (isToStop) {
        isToStop = false;
        atQueue = 5;
        reports = reports.slice(1);
      }
      return found;
    };
    onTheWay = new OnTheWay({
      queue: { depth: async () => answer({ ready: atQueue, unacknowledged: 0, consumers: reports.length }) },
      consumers: async () => answer(reports),
      clock: { now: () => nowMs, elapsedMs: () => nowMs },
    });
    const stopping = (oldestMs: number): ConsumerReport =>
      report({ instance: "stopping", held: 5, received: 5, oldestMs });
    reports = [stopping(100), report({ instance: "other" })];
    expect(await find()).toBe("the consumers stopping, other may hold reservations");
    later(1_000);
    reports = [stopping(1_100), report({ instance: "other" })];
    isToStop = true;
    expect(await find()).toEndWith("may hold reservations");
    // The other one gets them half a second later.
    later(2_000);
    atQueue = 0;
    reports = [report({ instance: "other", held: 5, received: 5, oldestMs: 1_500 })];
    expect(await find()).toBe("the consumers other may hold reservations");
    later(2_000);
    reports = [report({ instance: "other", received: 5 })];
    expect(await find()).toBeUndefined();
  });

  test("a consumer that starts and empties the queue while the question is asked is waited for", async () => {
    onTheWay = new OnTheWay({
      queue: {
        depth: async () => {
          reports = [report({ instance: "new", held: 3, received: 3, oldestMs: 10 })];
          later(1);
          return { ready: 0, unacknowledged: 0, consumers: 1 };
        },
      },
      consumers: async () => reports,
      times: { quietMs: 0 },
      clock: { now: () => nowMs, elapsedMs: () => nowMs },
    });
    expect(await find()).toStartWith("1 consumers that say nothing");
    expect(await find()).toBe("the consumers new may hold reservations");
  });

  test("messages that come again after a connection was lost count once", async () => {
    [ready, connected] = [10, 2];
    const two = (received: number): ConsumerReport[] => [
      report({ instance: "one", received: 5, connection: 2 }),
      report({ instance: "two", received }),
    ];
    reports = [report({ instance: "one" }), report({ instance: "two" })];
    expect(await find()).toBe("10 reservations are to be taken from the queue first");
    later(2_000);
    expect(await find()).toBe("10 reservations are to be taken from the queue first");
    // The first one had five, and lost its connection. The second one has had the same five.
    later(2_000);
    ready = 5;
    reports = two(5);
    expect(await find()).toBe("5 reservations are to be taken from the queue first");
    later(2_000);
    expect(await find()).toBe("5 reservations are to be taken from the queue first");
    later(2_000);
    reports = two(10);
    later(2_000);
    expect(await find()).toBe("the consumers one, two may hold reservations");
    later(2_000);
    expect(await find()).toBeUndefined();
  });

  test.each([
    ["one that started later", "new"],
    ["one that was there, and had not said anything since", "one"],
  ])("what a silent consumer gives back after all, and %s takes, is waited for", async (_who, taker) => {
    const one = report({ ageMs: 900 });
    connected = 2;
    reports = [report({ instance: "silent", held: 1, received: 1, oldestMs: 4_000, ageMs: 4_100 }), one];
    expect(await find()).toStartWith("1 consumers that say nothing");
    later(2_000);
    if (taker === "one") connected = 1;
    const took = report({ instance: taker, held: 1, received: 1, oldestMs: 100 });
    reports = taker === "one" ? [took] : [report(), took];
    expect(await find()).toEndWith("may hold reservations");
    later(2_000);
    reports = reports.map(({ instance, received }) => report({ instance, received }));
    expect(await find()).toBeUndefined();
  });

  test("a consumer of an older program explains no consumer that the broker has: that one may be frozen", async () => {
    const older = (): ConsumerReport => report({ instance: "older", oldestMs: undefined, connection: undefined });
    reports = [report({ instance: "frozen", held: 3, received: 3, ageMs: 5_000 }), older()];
    for (let looks = 0; looks < 3; looks++) {
      expect(await find()).toBe(
        "1 consumers are connected to the queue and do not say so, perhaps older of an older version, and may hold reservations",
      );
      later(1_000);
    }
    // A queue of its own is no business of the others.
    reports = [report(), older()];
    await find();
    later(1_000);
    expect(await find()).toBeUndefined();
  });

  test("what appears in the outbox begins the wait anew, and the ledger's figures must be quiet", async () => {
    connected = 0;
    await find();
    later(2_000);
    expect(await find(2)).toBe("2 reservations are in the gate's outbox");
    connected = 1;
    reports = [report()];
    expect(await find()).toBe("the consumers one may hold reservations");
    onTheWay = begin();
    await find();
    later(1_400);
    expect(await find()).toBe("consumers may hold reservations");
    later(200);
    expect(await find()).toBeUndefined();
  });
});
