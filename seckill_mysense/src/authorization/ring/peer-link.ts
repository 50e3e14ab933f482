import type { Socket } from "bun";
import type { UserTry, Verdict } from "../authorizer.ts";
import type { Holding } from "../user-holdings.ts";
import { FrameReader, type FrameBody } from "./frame-reader.ts";
import { frameTypes, maxFrameBytes, maxGreetingBytes, PeerProtocolError } from "./frame-types.ts";
import { FrameWriter } from "./frame-writer.ts";
import { helloBody, membersBody, readJson, welcomeBody, writeJson } from "./greeting-frames.ts";
import { parseNodeName } from "./node-name.ts";
import { newNonce, type Greeting, type PeerKeys } from "./peer-keys.ts";
import { readAnswer, writeHolding, writeQuestion } from "./try-frames.ts";
import { WaitingQuestions } from "./waiting-questions.ts";

export interface PeerLinkOptions {
  /** The peer's name: the address that is called. */
  readonly name: string;
  readonly selfName: string;
  readonly keys: PeerKeys;
  /** A question that has no answer by then is decided without the peer. */
  readonly askTimeoutMs: number;
  /** A peer that says nothing for this long is taken for dead. */
  readonly downAfterMs: number;
  readonly maxWaiting: number;
  /** Milliseconds since any moment. */
  readonly elapsedMs: () => number;
  readonly onUp: () => void;
  /** `reason` is for the log. */
  readonly onDown: (reason: string) => void;
  readonly onMembers: (names: readonly string[]) => void;
  /** A call that came to nothing, though somebody was there. */
  readonly onRefused: (reason: string) => void;
  readonly onUnanswered: (kind: "timeout" | "lost", count: number) => void;
}

const pingEveryMs = 250;
/** Between two calls to a peer that is away; longer when it has been away for a minute. */
const callPauseMs = 250;
const longCallPauseMs = 1_000;
const awayForLongMs = 60_000;
/** Connections that are being made to one address: where nothing answers at all, each takes minutes to fail. */
const maxDialling = 4;
/** Bytes that wait to be sent. */
const maxWaitingBytes = 4_194_304;

interface Call {
  socket: Socket<Call> | undefined;
  readonly reader: FrameReader;
  readonly writer: FrameWriter;
  readonly startedMs: number;
  greeting: (Greeting & { readonly keyId: string }) | undefined;
  keyIds: readonly string[];
  isUp: boolean;
  isOver: boolean;
}

/** Our connection to one other gateway: called again and again while it is away, watched while it is there. */
export class PeerLink {
  readonly name: string;
  readonly #options: PeerLinkOptions;
  readonly #waiting: WaitingQuestions;
  #call: Call | undefined;
  #calls = 0;
  #dialling = 0;
  #nextCallMs = 0;
  #awaySinceMs: number;
  #heardMs = 0;
  #pingedMs = 0;
  #isSuspect = false;
  #willFlush = false;
  #isClosed = false;

  constructor(options: PeerLinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#waiting = new WaitingQuestions(options.maxWaiting);
    this.#awaySinceMs = options.elapsedMs();
  }

  get isUp(): boolean {
    return this.#call?.isUp === true;
  }

  /** It has left a question unanswered, and said nothing since: it is not asked until it does. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  get isFull(): boolean {
    return this.#waiting.isFull || (this.#call?.writer.waitingBytes ?? 0) > maxWaitingBytes;
  }

  get waitingQuestions(): number {
    return this.#waiting.count;
  }

  /** The ids of the keys that the peer knows. */
  get keyIds(): readonly string[] {
    return this.#call?.keyIds ?? [];
  }

  /** Whether a first call has come to an end, in either way. */
  get wasTried(): boolean {
    return this.isUp || this.#calls > 1 || (this.#calls === 1 && this.#call === undefined);
  }

  get awayForMs(): number {
    return this.isUp ? 0 : this.#options.elapsedMs() - this.#awaySinceMs;
  }

  /** Only while `isUp` and not `isFull`. Undefined: there was no answer. */
  ask(attempt: UserTry): Promise<Verdict | undefined> {
    writeQuestion(this.#call!.writer, attempt);
    this.#flushAtTurnsEnd();
    return this.#waiting.add(this.#options.elapsedMs() + this.#options.askTimeoutMs);
  }

  /** What gets lost here costs the gate one more question. */
  tellHolding(holding: Holding): void {
    if (!this.isUp || this.isFull) return;
    writeHolding(this.#call!.writer, holding);
    this.#flushAtTurnsEnd();
  }

  tellFailure(userId: string): void {
    if (!this.isUp || this.isFull) return;
    this.#call!.writer.begin(frameTypes.failure).text(userId).end();
    this.#flushAtTurnsEnd();
  }

  /** It is known to be there: do not wait for the next time. */
  callNow(): void {
    if (this.#call === undefined && !this.#isClosed) this.#dial(this.#options.elapsedMs());
  }

  /** `stalledMs`: for how long this process itself did nothing, which must not be held against the others. */
  tick(stalledMs = 0): void {
    const nowMs = this.#options.elapsedMs();
    const call = this.#call;
    if (this.#isClosed) return;
    if (call === undefined) {
      if (nowMs >= this.#nextCallMs && this.#dialling < maxDialling) this.#dial(nowMs);
    } else if (!call.isUp) {
      if (nowMs - call.startedMs > this.#options.downAfterMs) this.#end(call, "no answer to the call in time");
    } else {
      this.#heardMs += stalledMs;
      const expired = this.#waiting.expire(nowMs);
      if (expired > 0) {
        this.#isSuspect = true;
        this.#options.onUnanswered("timeout", expired);
      }
      if (nowMs - this.#heardMs > this.#options.downAfterMs) return this.#end(call, "it says nothing");
      if (nowMs - this.#pingedMs >= pingEveryMs) this.#ping(call, nowMs);
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#call !== undefined) this.#end(this.#call, "we leave");
  }

  #ping(call: Call, nowMs: number): void {
    this.#pingedMs = nowMs;
    call.writer.begin(frameTypes.ping).end();
    call.writer.flushTo(call.socket!);
  }

  #flushAtTurnsEnd(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    // What this turn's requests ask goes out in one write.
    setImmediate(() => {
      this.#willFlush = false;
      const call = this.#call;
      if (call?.isUp === true) call.writer.flushTo(call.socket!);
    });
  }

  #dial(nowMs: number): void {
    const { host, port } = parseNodeName(this.name)!;
    this.#calls++;
    this.#dialling++;
    const call: Call = {
      socket: undefined,
      reader: new FrameReader(maxGreetingBytes),
      writer: new FrameWriter(),
      startedMs: nowMs,
      greeting: undefined,
      keyIds: [],
      isUp: false,
      isOver: false,
    };
    this.#call = call;
    Bun.connect<Call>({
      hostname: host,
      port,
      data: call,
      socket: {
        open: (socket) => this.#opened(call, socket),
        data: (_, chunk) => this.#heard(call, chunk),
        drain: (socket) => call.writer.flushTo(socket),
        close: () => this.#end(call, "the connection was closed"),
        error: (_, error) => this.#end(call, error.message),
        connectError: (_, error) => this.#end(call, error.message),
      },
    })
      .catch((error: unknown) => this.#end(call, (error as Error).message))
      .finally(() => this.#dialling--);
  }

  #opened(call: Call, socket: Socket<Call>): void {
    if (call.isOver) {
      socket.terminate();
      return;
    }
    call.socket = socket;
    socket.setNoDelay(true);
  }

  #heard(call: Call, chunk: Buffer): void {
    if (call.isOver) return;
    try {
      call.reader.read(chunk, (type, body) => this.#handle(call, type, body));
    } catch (error) {
      if (!(error instanceof PeerProtocolError)) throw error;
      this.#options.onRefused(error.message);
      this.#end(call, error.message);
      return;
    }
    this.#heardMs = this.#options.elapsedMs();
    this.#isSuspect = false;
  }

  #handle(call: Call, type: number, body: FrameBody): void {
    if (call.isUp) this.#handleAnswer(type, body);
    else if (type === frameTypes.hello && call.greeting === undefined) this.#greet(call, body);
    else if (type === frameTypes.welcome && call.greeting !== undefined) this.#welcome(call, call.greeting, body);
    else throw new PeerProtocolError(`a frame of type ${type} in the middle of the greeting`);
  }

  #handleAnswer(type: number, body: FrameBody): void {
    if (type === frameTypes.answer) {
      if (!this.#waiting.answer(readAnswer(body))) throw new PeerProtocolError("an answer that nobody asked for");
    } else if (type === frameTypes.members) {
      this.#options.onMembers(readJson(body, membersBody).members);
    } else if (type !== frameTypes.ping) {
      throw new PeerProtocolError(`a frame of type ${type}, which listeners do not send`);
    }
  }

  #greet(call: Call, body: FrameBody): void {
    const { keys, selfName } = this.#options;
    const hello = readJson(body, helloBody);
    // Also how a gateway finds out that it has called itself.
    if (hello.name !== this.name) throw new PeerProtocolError(`it calls itself ${hello.name}, not ${this.name}`);
    const keyId = keys.shared(hello.keys);
    if (keyId === undefined) throw new PeerProtocolError("it has another backend.api_secret than this gateway");
    call.keyIds = hello.keys;
    const greeting = {
      listenerNonce: hello.nonce,
      callerNonce: newNonce(),
      listenerName: this.name,
      callerName: selfName,
    };
    call.greeting = { ...greeting, keyId };
    writeJson(call.writer, frameTypes.greeting, {
      name: selfName,
      nonce: greeting.callerNonce,
      key: keyId,
      keys: keys.ids,
      proof: keys.prove("caller", keyId, greeting),
    });
    call.writer.flushTo(call.socket!);
  }

  #welcome(call: Call, greeting: Greeting & { readonly keyId: string }, body: FrameBody): void {
    const { proof } = readJson(body, welcomeBody);
    if (!this.#options.keys.isProof(proof, "listener", greeting.keyId, greeting)) {
      throw new PeerProtocolError("its proof of the secret is wrong");
    }
    call.isUp = true;
    call.reader.maxFrameBytes = maxFrameBytes;
    this.#heardMs = this.#pingedMs = this.#options.elapsedMs();
    this.#isSuspect = false;
    this.#options.onUp();
  }

  #end(call: Call, reason: string): void {
    if (call.isOver) return;
    call.isOver = true;
    call.socket?.terminate();
    if (this.#call !== call) return;
    this.#call = undefined;
    this.#isSuspect = false;
    const nowMs = this.#options.elapsedMs();
    const lost = this.#waiting.loseAll();
    if (lost > 0) this.#options.onUnanswered("lost", lost);
    if (call.isUp) {
      this.#awaySinceMs = nowMs;
      this.#options.onDown(reason);
    }
    this.#nextCallMs = nowMs + (nowMs - this.#awaySinceMs > awayForLongMs ? longCallPauseMs : callPauseMs);
  }
}
