import { waitUntil } from "../../../tools/test-services/index.ts";
import type { OpenServer } from "../../src/start-server.ts";

/** A log whose disk answers when the test says so. */
export class SlowDisk {
  #waiting: ((safe: boolean) => void)[] = [];

  attachTo({ server }: OpenServer): void {
    const nothing = (): void => {};
    const target = {
      ...{ pendingBytes: 0, beginUnit: nothing, endUnit: nothing, resumeUnit: nothing, flush: nothing },
      ...{ appendRequest: nothing, appendReplacing: nothing, append: nothing },
      suspendUnit: () => ({ bytes: new Uint8Array(), commands: 0, first: 0, last: 0 }),
    };
    server.changes.attach(target, { whenSafe: (callback) => this.#waiting.push(callback), turnEnded() {} });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  answer(safe = true): void {
    for (const callback of this.#waiting.splice(0)) callback(safe);
  }

  /** Answers from now on, as soon as it is asked. */
  async answerAlways(until: () => boolean): Promise<void> {
    await waitUntil(
      () => {
        this.answer();
        return until();
      },
      { what: "the replies", timeoutMs: 20_000, intervalMs: 1 },
    );
  }
}
