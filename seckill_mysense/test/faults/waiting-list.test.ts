import { describe, expect, test } from "bun:test";
import {
  freshMysqlDatabase,
  freshRabbitmqVhost,
  requireService,
  waitUntil,
} from "../../../tools/test-services/index.ts";
import { mysqlLedger } from "../../src/ledger/mysql-ledger.ts";
import type { ToldAnswer } from "../../src/verify/told-answer.ts";
import { gateServerKinds } from "../contract/gate/gate-servers.ts";
import { TestBuyer } from "../fakes/test-buyer.ts";
import { testProduct, testSecret } from "../fakes/test-gateway.ts";
import { configFolder, type RunningProgram, startProgram } from "../roles/program.ts";
import { buyOne, openSale, type Purchase, toldTo, untilTold, verifiedAtRest } from "./sale-on-services.ts";

const timeoutMs = 240_000;
const { id: productID } = testProduct;
const units = 5;
const waiters = 50;
const offerSeconds = 3;
const path = "/api/waiting-list";
const noLimit = { rate_per_second: 0, burst: 1 };
const final = new Set(["taken", "passed", "left"]);

/** One who waits, and what it does with its offer: every tenth pays, every fifth does nothing, the others decline. */
class Waiter {
  readonly number: number;
  readonly buyer: TestBuyer;
  state = "";
  reservation: string | undefined;
  userId = "";
  #hasActed = false;

  constructor(number: number, url: string) {
    this.number = number;
    this.buyer = new TestBuyer(url);
  }

  get wish(): string {
    if (this.number % 10 === 0) return "taken";
    return this.number % 5 === 0 ? "passed" : "left";
  }

  /** Whoever could not act in time, because what it asked was away, has let its offer pass. */
  get expected(): string {
    return this.#hasActed ? this.wish : "passed";
  }

  async join(): Promise<void> {
    this.userId = (await this.buyer.register(`waiter${this.number}`)).body.userID;
    const { status, body } = await this.buyer.send("POST", path, { json: { productID } });
    expect([status, body.state, body.before]).toEqual([200, "waiting", this.number - 1]);
  }

  /** Asks for the place, and acts on the offer once. A gate or ledger that is away is asked again later. */
  async look(): Promise<void> {
    if (final.has(this.state)) return;
    const { status, body } = await this.buyer.send("GET", `${path}?productID=${productID}`);
    if (status !== 200) return;
    this.state = body.state;
    this.reservation = body.reservation ?? this.reservation;
    if (body.state !== "offered" || this.#hasActed || this.wish === "passed") return;
    const isDone =
      this.wish === "taken"
        ? await this.buyer.send("POST", `/api/orders/${body.reservation}/pay`)
        : await this.buyer.send("DELETE", `${path}?productID=${productID}`);
    this.#hasActed = isDone.status === 200;
  }
}

for (const kind of gateServerKinds) {
  const skip = [kind.skipReason, requireService("mariadb").reason, requireService("rabbitmq").reason].join("");

  describe.skipIf(skip !== "")(`a waiting list of ${waiters}, the gate on ${kind.name}${skip}`, () => {
    test(
      "is served in the order of coming, although sweepers, a consumer and the gate's server are killed",
      async () => {
        const [server, mysql, rabbitmq] = await Promise.all([kind.start(), freshMysqlDatabase(), freshRabbitmqVhost()]);
        const { host, port, user, password, database } = mysql;
        const { configFile } = configFolder({
          backend: { api_secret: testSecret },
          mysql: { host, port, user_name: user, pass_word: password, db_name: database },
          rabbitmq: { url: rabbitmq.url, queue_name: `seckill.${database}` },
          redis: { url: `redis://${server.host}:${server.port}` },
          sale: { demo: false, pay_within_seconds: 3_600, offer_seconds: offerSeconds },
          limits: {
            ...{ check_per_user: noLimit, check_per_address: noLimit, login_per_name: noLimit },
            ...{ login_per_address: noLimit, api_per_user: noLimit, hash_waiting: 1_000 },
          },
        });
        await openSale(mysql, units);
        const start = (role: string): Promise<RunningProgram> => startProgram(configFile, { role });
        const names = ["gateway", "relay", "consumer", "sweeper", "sweeper"];
        const programs = await Promise.all(names.map(start));
        const gateway = programs[0]!;
        const restart = async (index: number): Promise<void> => {
          await programs[index]!.process.kill("SIGKILL");
          programs[index] = await start(names[index]!);
        };

        const holders: Purchase[] = [];
        for (let unit = 0; unit < units; unit++) holders.push(await buyOne(gateway, `holder${unit}`));
        for (const holder of holders) await untilTold(holder, "won");
        const line = Array.from({ length: waiters }, (_, index) => new Waiter(index + 1, gateway.url));
        for (const waiter of line) await waiter.join();
        for (const { buyer, id } of holders) await buyer.send("POST", `/api/orders/${id}/cancel`);

        const served = (): number => line.filter(({ state }) => final.has(state)).length;
        /** What is killed as soon as so many have had their offer. */
        const kills: [number, () => Promise<unknown>][] = [
          [3, () => restart(3)],
          [12, () => server.crash().then(() => server.restart())],
          [22, () => Promise.all([restart(3), restart(4)])],
          [32, () => restart(2)],
          [40, () => server.crash().then(() => server.restart())],
        ];
        let restarting: Promise<unknown> = Promise.resolve();
        const allAreServed = async (): Promise<boolean> => {
          await Promise.all(line.map((waiter) => waiter.look()));
          // Those who have an offer go on meanwhile: it lasts for seconds only.
          if (served() >= (kills[0]?.[0] ?? Infinity)) restarting = restarting.then(kills.shift()![1]);
          return served() === waiters;
        };
        await waitUntil(allAreServed, { what: "everybody to be served", timeoutMs: 180_000, intervalMs: 100 });
        await restarting;
        expect(kills).toEqual([]);
        expect(line.map(({ state }) => state)).toEqual(line.map(({ expected }) => expected));
        const taken = line.filter(({ state }) => state === "taken").length;
        expect(taken).toBeGreaterThan(0);

        const ledger = mysqlLedger(mysql);
        const offers = await Promise.all(
          line.map(async ({ number }) => {
            const user = await ledger.users.findByName(`waiter${number}`);
            const { reservationId } = (await ledger.waiters.read(productID, user!.id))!;
            return (await ledger.orders.read(reservationId))!.acceptedAtMs;
          }),
        );
        expect(offers).toEqual(offers.toSorted((a, b) => a - b));
        await ledger.close();
        const told = line.flatMap(({ reservation, userId, state }): ToldAnswer[] => {
          const answer = state === "taken" ? "won" : "lost";
          return reservation === undefined
            ? []
            : [{ reservationId: reservation, productId: productID, userId, answer }];
        });
        expect(told.length).toBeGreaterThanOrEqual(taken);
        const report = await verifiedAtRest(configFile, [...told, ...(await toldTo(gateway, holders))]);
        expect(report).toContain(`total ${units}, reserved 0, sold ${taken}, at the gate ${units - taken}`);
        await Promise.all(programs.map((program) => program.process.stop()));
        await Promise.all([server.stop(), mysql.drop(), rabbitmq.drop()]);
      },
      timeoutMs,
    );
  });
}
