import { expect, test } from "bun:test";
import { EffectTap } from "../../../src/cluster/moving/effect-tap.ts";
import type { Services } from "../../../src/dispatch/context.ts";
import { ChangeLog } from "../../../src/dispatch/change-log.ts";
import { CommandLog } from "../../../src/persistence/aof/command-log.ts";

/** A log of changes, and what its two readers that keep units have got. */
function start() {
  const texts = { log: "", stream: "" };
  const reader = (name: keyof typeof texts): CommandLog =>
    new CommandLog({ write: (bytes) => (texts[name] += Buffer.from(bytes).toString("latin1")) });
  const changes = new ChangeLog();
  changes.attach(reader("log"), { whenSafe: (callback) => callback(true), turnEnded() {} });
  changes.streamTo(Object.assign(reader("stream"), { offset: 0 }));
  const tap = new EffectTap({ processor: { resolve: () => ({ isWrite: false }) } } as unknown as Services, () => {});
  return { changes, tap, texts };
}

for (const [when, before, after] of [
  ["all the time", true, true],
  ["from then on", false, true],
  ["until then", true, false],
] as const) {
  test(`a script that is paused is logged as a whole for disks and for replicas, though slots move ${when}`, () => {
    const { changes, tap, texts } = start();
    changes.alsoTo(before ? tap : undefined);
    changes.beginUnit();
    changes.append(0, ["INCR", "before the pause"]);
    const unit = changes.suspendUnit();
    changes.beginUnit();
    changes.append(0, ["SET", "meanwhile", 1]);
    changes.endUnit();
    changes.alsoTo(after ? tap : undefined);
    changes.resumeUnit(unit!);
    changes.append(0, ["INCR", "after the pause"]);
    changes.endUnit();
    changes.flush();
    const words = ["SELECT", "SET", "MULTI", "before the pause", "after the pause", "EXEC"];
    const places = words.map((word) => texts.log.indexOf(word));
    expect(places.includes(-1)).toBe(false);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(texts.stream).toBe(texts.log);
  });
}
