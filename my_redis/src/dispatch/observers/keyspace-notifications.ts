import { wholeRange } from "../../memory/byte-range.ts";
import type { Settings } from "../../settings/settings.ts";
import type { PubSub } from "../pub-sub.ts";

/** Classes of events that follow from the name: the letter of notify-keyspace-events by the event's first letter. */
const classByInitial: Readonly<Record<string, string>> = { l: "l", h: "h", z: "z", x: "t" };
const classByEvent = new Map<string, string>();
for (const [letter, events] of [
  ["g", "del expire persist restore rename_from rename_to move_from move_to copy_to"],
  ["l", "rpush rpop sortstore"],
  ["s", "sadd srem spop sinterstore sunionstore sdiffstore"],
  ["z", "geosearchstore georadiusstore"],
  ["x", "expired"],
  ["e", "evicted"],
  ["m", "keymiss"],
  ["n", "new"],
] as const) {
  for (const event of events.split(" ")) classByEvent.set(event, letter);
}

/** The letter under which notify-keyspace-events asks for an event. Events of no other type belong to strings. */
const classOf = (event: string): string => classByEvent.get(event) ?? classByInitial[event[0] as string] ?? "$";

/** The letters that A stands for. */
const everyClass = "g$lshzxetd";

/** Publishes changes of keys on channels, as notify-keyspace-events asks. */
export class KeyspaceNotifications {
  readonly #pubSub: PubSub;
  #toKeyspace = false;
  #toKeyevent = false;
  #classes = "";

  /** `onSwitch` is called after notifications have been turned on or off. */
  constructor(settings: Settings, pubSub: PubSub, onSwitch: () => void) {
    this.#pubSub = pubSub;
    const read = (): void => this.#read(settings.values["notify-keyspace-events"]);
    read();
    settings.onChange("notify-keyspace-events", () => {
      read();
      onSwitch();
    });
  }

  #read(letters: string): void {
    this.#toKeyspace = letters.includes("K");
    this.#toKeyevent = letters.includes("E");
    this.#classes = letters.replace("A", everyClass);
  }

  get areOn(): boolean {
    return (this.#toKeyspace || this.#toKeyevent) && this.#classes !== "";
  }

  /** Whether notify-keyspace-events contains this letter. */
  wants(letter: string): boolean {
    return this.areOn && this.#classes.includes(letter);
  }

  /** Publishes an event of key[start, end). */
  notify(database: number, key: Uint8Array, start: number, end: number, event: string): void {
    if (!this.areOn || !this.#classes.includes(classOf(event))) return;
    const name = { bytes: key, start, end };
    const what = wholeRange(Buffer.from(event, "latin1"));
    if (this.#toKeyspace) {
      const channel = Buffer.concat([Buffer.from(`__keyspace@${database}__:`), key.subarray(start, end)]);
      this.#pubSub.publish("channel", wholeRange(channel), what);
    }
    if (this.#toKeyevent) {
      this.#pubSub.publish("channel", wholeRange(Buffer.from(`__keyevent@${database}__:${event}`)), name);
    }
  }
}
