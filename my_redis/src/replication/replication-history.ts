import type { HistoryEnd, StreamPosition } from "../dispatch/ports.ts";
import { SharedBytes } from "./shared-bytes.ts";

const noId = "0".repeat(40);
/** Former histories that are remembered. */
const maxFormer = 16;

/**
 * Which history of changes this server's data is at, and how far. A history has a random id. Its bytes are the stream of
 * effects, and an offset counts them. A replica that is at offset n of a history wants byte n+1 next.
 *
 * After a failover, the former replica goes on with a history of its own. The second id names the one before, which it
 * shares up to `secondOffset`: so the other replicas can go on without a full synchronisation.
 */
export class ReplicationHistory {
  id: string;
  secondId = noId;
  /** The first byte of which the histories differ; -1 without a second id. */
  secondOffset = -1;
  /** The histories before this one, the latest last, and up to where this one has what they had. */
  former: readonly HistoryEnd[] = [];
  /** On a replica: the database that the stream has selected at its end. Whoever sends the rest goes on in it. */
  database = 0;
  /** The last bytes of the stream, for replicas. Undefined while there has been no replica for long. */
  #stream: SharedBytes | undefined;
  #offset = 0;
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
    this.id = newId();
  }

  get stream(): SharedBytes | undefined {
    return this.#stream;
  }

  get offset(): number {
    return this.#stream?.end ?? this.#offset;
  }

  /** Whether a replica of history `id` that wants byte `next` can go on from here. */
  canContinue(id: string, next: number): boolean {
    const isShared = id === this.id || (id === this.secondId && next <= this.secondOffset);
    if (!isShared || this.#stream === undefined) return false;
    return next > this.#stream.start && next <= this.#stream.end + 1;
  }

  /** Keeps the stream from now on. What came before was not kept, so nobody can know this history by its old id. */
  keepStream(): SharedBytes {
    if (this.#stream === undefined) {
      this.#newHistory();
      this.#stream = new SharedBytes(this.#offset);
    }
    return this.#stream;
  }

  /** Gives up the stream. Changes are not counted any more, so the id must not be used again. */
  dropStream(): void {
    if (this.#stream === undefined) return;
    this.#offset = this.offset;
    this.#stream = undefined;
    this.#remember();
    this.#newHistory();
  }

  #remember(): void {
    this.former = [...this.former, { id: this.id, offset: this.offset }].slice(-maxFormer);
  }

  #newHistory(): void {
    this.id = this.#newId();
    this.secondId = noId;
    this.secondOffset = -1;
  }

  /** Whether a server with these former histories has gone on from what this one has: from all of it. */
  isContinuedBy(id: string, former: readonly HistoryEnd[]): boolean {
    return id === this.id || former.some((end) => end.id === this.id && this.offset <= end.offset);
  }

  /** The data was replaced by that of a primary, at this offset of its history. */
  adopt(id: string, offset: number, former: readonly HistoryEnd[] = []): SharedBytes {
    this.former = former;
    this.id = id;
    this.secondId = noId;
    this.secondOffset = -1;
    this.#stream = new SharedBytes(offset);
    return this.#stream;
  }

  /** The data was loaded at a start. Nothing of the stream before is there. */
  resume({ id, offset, database }: StreamPosition): void {
    this.adopt(id, offset);
    this.database = database;
  }

  /** From here on this history has another id: the given one, or one of its own. */
  branch(id: string = this.#newId()): void {
    this.#remember();
    this.secondId = this.id;
    this.secondOffset = this.offset + 1;
    this.id = id;
  }
}
