import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { replaceFile, replaceFileNow, syncFile, syncFolder } from "../../persistence/replaced-file.ts";
import type { Durable } from "../agreement/durable.ts";
import { isTable } from "./ring-message-codec.ts";

const fileName = "ring.state";
const format = 1;

/** What this node has promised the ring cannot be read: it must not take part with less. */
export class RingStateError extends Error {
  constructor(path: string, problem: string) {
    super(
      `${path}: ${problem}. It holds this node's votes and the ring's table. Let the node begin empty: move the whole folder away. ` +
        "It gets its data from the primary of its place, and votes again when a majority of the others has elected a leader. " +
        "A copy of this folder will do only if it was made after the node had ended, because an older one has forgotten votes",
    );
    this.name = "RingStateError";
  }
}

interface Write {
  readonly durable: Durable;
  readonly kept: () => void;
}

export interface RingStateEvents {
  /** A write has failed, and is tried again until it succeeds. Called once, not for each attempt. */
  readonly failed: (error: unknown) => void;
  readonly recovered: () => void;
}

/** The pause before the first further attempt to write; each one doubles it up to the longest. */
const firstPauseMs = 50;
const longestPauseMs = 1000;

/**
 * The file that keeps a node's part in the agreement, beside its log and under the lock of that. Each write replaces it as
 * a whole, and is on the disk before anybody is told.
 */
export class RingStateFile {
  readonly path: string;
  readonly #node: string;
  readonly #events: RingStateEvents;
  #next: Write | undefined;
  #isWriting = false;
  /** Before the next attempt; 0 while writes succeed. */
  #pauseMs = 0;
  #isStopped = false;

  constructor(folder: string, node: string, events: RingStateEvents) {
    this.path = join(folder, fileName);
    this.#node = node;
    this.#events = events;
  }

  /** The last write has failed, and is tried again. */
  get isFailing(): boolean {
    return this.#pauseMs > 0;
  }

  /** Tries nothing again: the server ends. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Undefined where there is no such file. Throws RingStateError. */
  read(): Durable | undefined {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    return parse(this.path, this.#node, text);
  }

  /** Writes at once. Throws the system's error. */
  writeNow(durable: Durable): void {
    replaceFileNow(this.path, this.#temporary, textOf(this.#node, durable));
    syncFile(dirname(this.path));
  }

  /** Writes beside the event loop. Of several writes that wait, the last one stands for all. */
  write(durable: Durable, kept: () => void): void {
    this.#next = { durable, kept };
    if (!this.#isWriting) void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    for (let write = this.#next; write !== undefined; write = this.#next) {
      this.#next = undefined;
      const isWritten = await this.#tryWrite(write.durable);
      if (this.#isStopped) return;
      if (isWritten) write.kept();
      else {
        // A later state stands for this one, too.
        this.#next ??= write;
        await new Promise((resolve) => setTimeout(resolve, this.#pauseMs).unref());
      }
    }
    this.#isWriting = false;
  }

  async #tryWrite(durable: Durable): Promise<boolean> {
    try {
      await replaceFile(this.path, this.#temporary, textOf(this.#node, durable));
      await syncFolder(dirname(this.path));
    } catch (error) {
      if (!this.isFailing) this.#events.failed(error);
      this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, firstPauseMs), longestPauseMs);
      return false;
    }
    if (this.isFailing) this.#events.recovered();
    this.#pauseMs = 0;
    return true;
  }

  get #temporary(): string {
    return `${this.path}.new`;
  }
}

const sumOf = (content: string): string => createHash("sha256").update(content).digest("hex");

function textOf(node: string, durable: Durable): string {
  const content = JSON.stringify({ node, ...durable });
  return `${JSON.stringify({ format, sum: sumOf(content) })}\n${content}\n`;
}

function parse(path: string, node: string, text: string): Durable {
  const [head = "", content = ""] = text.split("\n");
  let facts: { format?: unknown; sum?: unknown };
  try {
    facts = JSON.parse(head) as typeof facts;
  } catch {
    throw new RingStateError(path, "its first line cannot be read");
  }
  if (facts.format !== format)
    throw new RingStateError(path, `its format is ${String(facts.format)}, and not ${format}`);
  if (facts.sum !== sumOf(content)) throw new RingStateError(path, "it does not fit its checksum");
  const { node: writer = node, ...durable } = JSON.parse(content) as Durable & { node?: string };
  if (writer !== node) throw new RingStateError(path, `it is that of node ${writer}, and this is ${node}`);
  if (!isTable(durable.stored.table)) throw new RingStateError(path, "its table cannot be understood");
  // JSON leaves out what is undefined.
  return { ...durable, votedFor: durable.votedFor, stored: durable.stored };
}
