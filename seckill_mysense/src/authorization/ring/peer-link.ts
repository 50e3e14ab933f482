import type { Socket } from "bun";
import type { UserTry, Verdict } from "../authorizer.ts";
import type { Holding } from "../user-holdings.ts";
import { type FrameReader, RetryPause } from "peer-link";
import { type FrameBody, newFrameReader, readFrames } from "./frame-body.ts";
import { frameTypes, maxGreetingBytes, maxRecordBytes, PeerProtocolError } from "./frame-types.ts";
import { FrameWriter } from "./frame-writer.ts";
import { helloBody, membersBody, readJson, welcomeBody, writeJson } from "./greeting-frames.ts";
import { parseNodeName } from "./node-name.ts";
import { newNonce, type Greeting, type PeerKeys } from "./peer-keys.ts";
import type { RecordSeal } from "./record-seal.ts";
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
  /** A call was answered, and yet led to no link. */
  readonly onRefused: (reason: string) => void;
  readonly onUnanswered: (kind: "timeout" | "lost", count: number) => void;
}

const pingEveryMs = 250;
/** Between two calls to a peer that is away; longer when it has been away for a minute. */
const callPause = { firstMs: 250, longestMs: 1_000, steadyMs: 60_000 };
/** Connections that are being made to one address: where nothing answers at all, each takes minutes to fail. */
const maxDialling = 4;
/** Bytes that wait to be sent. */
const maxWaitingBytes = 4_194_304;

/** One connection to the peer, from the call to its end. Events of a former call are ignored. */
interface Call {
  readonly reader: FrameReader;
  readonly writer: FrameWriter;
  readonly startedMs: number;
  /** Of the peer's records; undefined during the greeting. */
  seal: RecordSeal | undefined;
}

interface SentGreeting extends Greeting {
  readonly keyId: string;
}

/**
 * away -> calling -> greeting -> up, from each of them back to away when the call ends, and from each of them to closed,
 * for good.
 */
type LinkState =
  | { readonly name: "away" }
  | { readonly name: "calling"; readonly call: Call }
  | {
      readonly name: "greeting";
      readonly call: Call;
      readonly socket: Socket<Call>;
      /** Undefined until the peer has said hello. */
      readonly sent: SentGreeting | undefined;
    }
  | {
      readonly name: "up";
      readonly call: Call;
      readonly socket: Socket<Call>;
      readonly peerKeyIds: readonly string[];
      heardMs: number;
      pingedMs: number;
      /** A question was left unanswered, and nothing was heard since. */
      isSuspect: boolean;
    }
  | { readonly name: "closed" };

type UpState = LinkState & { readonly name: "up" };

/** This gateway's connection to one other: called again and again while that is away, watched while it is there. */
export class PeerLink {
  readonly name: string;
  readonly #options: PeerLinkOptions;
  readonly #waiting: WaitingQuestions;
  readonly #retry = new RetryPause(callPause);
  #state: LinkState = { name: "away" };
  #wasTried = false;
  #dialling = 0;
  #awaySinceMs: number;
  #willFlush = false;

  constructor(options: PeerLinkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#waiting = new WaitingQuestions(options.maxWaiting);
    this.#awaySinceMs = options.elapsedMs();
  }

  get state(): LinkState["name"] {
    return this.#state.name;
  }

  get isUp(): boolean {
    return this.#state.name === "up";
  }

  /** The peer has left a question unanswered, and said nothing since: it is not asked until it does. */
  get isSuspect(): boolean {
    return this.#state.name === "up" && this.#state.isSuspect;
  }

  get isFull(): boolean {
    const state = this.#state;
    return this.#waiting.isFull || (state.name === "up" && state.call.writer.pendingBytes > maxWaitingBytes);
  }

  get waitingQuestions(): number {
    return this.#waiting.count;
  }

  /** The ids of the keys that the peer knows; none while it is not up. */
  get keyIds(): readonly string[] {
    return this.#state.name === "up" ? this.#state.peerKeyIds : [];
  }

  /** Whether a first call has come to an end, or the peer is up. */
  get wasTried(): boolean {
    return this.#wasTried;
  }

  get awayForMs(): number {
    return this.isUp ? 0 : this.#options.elapsedMs() - this.#awaySinceMs;
  }

  /** Only while `isUp` and not `isFull`. Undefined: there was no answer. */
  ask(attempt: UserTry): Promise<Verdict | undefined> {
    if (this.#state.name !== "up") throw new Error(`${this.name} is ${this.#state.name}: it cannot be asked`);
    writeQuestion(this.#state.call.writer, attempt);
    this.#flushAtTurnsEnd();
    return this.#waiting.add(this.#options.elapsedMs() + this.#options.askTimeoutMs);
  }

  /** A holding that gets lost here costs the gate one more question. */
  tellHolding(holding: Holding): void {
    if (this.#state.name !== "up" || this.isFull) return;
    writeHolding(this.#state.call.writer, holding);
    this.#flushAtTurnsEnd();
  }

  tellFailure(userId: string): void {
    if (this.#state.name !== "up" || this.isFull) return;
    this.#state.call.writer.begin(frameTypes.failure).text(userId).end();
    this.#flushAtTurnsEnd();
  }

  /** The peer is known to be there, so the pause before the next call is skipped. */
  callNow(): void {
    if (this.#state.name === "away") this.#dial(this.#options.elapsedMs());
  }

  /** `stalledMs`: for how long this process itself did not run, which is no silence of the peer. */
  tick(stalledMs = 0): void {
    const nowMs = this.#options.elapsedMs();
    const state = this.#state;
    if (state.name === "away") {
      if (this.#retry.isDue(nowMs) && this.#dialling < maxDialling) this.#dial(nowMs);
    } else if (state.name === "up") {
      this.#watch(state, nowMs, stalledMs);
    } else if (state.name !== "closed" && nowMs - state.call.startedMs > this.#options.downAfterMs) {
      this.#end(state.call, "no answer to the call in time");
    }
  }

  #watch(state: UpState, nowMs: number, stalledMs: number): void {
    state.heardMs += stalledMs;
    const expired = this.#waiting.expire(nowMs);
    if (expired > 0) {
      state.isSuspect = true;
      this.#options.onUnanswered("timeout", expired);
    }
    if (nowMs - state.heardMs > this.#options.downAfterMs) {
      this.#end(state.call, "it says nothing");
    } else if (nowMs - state.pingedMs >= pingEveryMs) {
      state.pingedMs = nowMs;
      state.call.writer.begin(frameTypes.ping).end();
      this.#flush(state.call);
    }
  }

  /** Ends the link for good. */
  close(): void {
    this.#leave({ name: "closed" }, "we leave");
  }

  #flushAtTurnsEnd(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    // All that this turn's requests ask leaves in one write.
    setImmediate(() => {
      this.#willFlush = false;
      if (this.#state.name === "up") this.#flush(this.#state.call);
    });
  }

  #flush(call: Call): void {
    const state = this.#state;
    if (!("socket" in state) || state.call !== call) return;
    call.writer.flush((bytes, start, end) => state.socket.write(bytes, start, end - start));
  }

  /** The one place where the state changes. A socket that the next state does not have is closed. */
  #become(next: LinkState): void {
    const before = this.#state;
    this.#state = next;
    if ("socket" in before && !("socket" in next)) before.socket.terminate();
  }

  #dial(nowMs: number): void {
    const { host, port } = parseNodeName(this.name)!;
    this.#dialling++;
    const call: Call = {
      reader: newFrameReader(
        maxGreetingBytes,
        (type, body) => this.#handle(call, type, body),
        () => call.seal,
      ),
      writer: new FrameWriter(),
      startedMs: nowMs,
      seal: undefined,
    };
    this.#become({ name: "calling", call });
    Bun.connect<Call>({
      hostname: host,
      port,
      data: call,
      socket: {
        open: (socket) => this.#opened(call, socket),
        data: (_, chunk) => this.#heard(call, chunk),
        drain: () => this.#flush(call),
        close: () => this.#end(call, "the connection was closed"),
        error: (_, error) => this.#end(call, error.message),
        connectError: (_, error) => this.#end(call, error.message),
      },
    })
      .catch((error: unknown) => this.#end(call, (error as Error).message))
      .finally(() => this.#dialling--);
  }

  #opened(call: Call, socket: Socket<Call>): void {
    if (this.#state.name !== "calling" || this.#state.call !== call) {
      socket.terminate();
      return;
    }
    socket.setNoDelay(true);
    this.#become({ name: "greeting", call, socket, sent: undefined });
  }

  #heard(call: Call, chunk: Buffer): void {
    if (!this.#isPresent(call)) return;
    try {
      readFrames(call.reader, chunk);
    } catch (error) {
      if (!(error instanceof PeerProtocolError)) throw error;
      this.#options.onRefused(error.message);
      this.#end(call, error.message);
      return;
    }
    const state = this.#state;
    if (state.name !== "up" || state.call !== call) return;
    state.heardMs = this.#options.elapsedMs();
    state.isSuspect = false;
  }

  #isPresent(call: Call): boolean {
    return "call" in this.#state && this.#state.call === call;
  }

  #handle(call: Call, type: number, body: FrameBody): boolean {
    const state = this.#state;
    if (state.name === "up") this.#handleAnswer(type, body);
    else if (state.name === "greeting" && state.sent === undefined && type === frameTypes.hello)
      this.#greet(call, state.socket, body);
    else if (state.name === "greeting" && state.sent !== undefined && type === frameTypes.welcome)
      this.#welcome(call, state.socket, state.sent, body);
    else throw new PeerProtocolError(`a frame of type ${type} in the middle of the greeting`);
    return this.#isPresent(call);
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

  #greet(call: Call, socket: Socket<Call>, body: FrameBody): void {
    const { keys, selfName } = this.#options;
    const hello = readJson(body, helloBody);
    // A gateway that has called itself finds it out here, too.
    if (hello.name !== this.name) throw new PeerProtocolError(`it calls itself ${hello.name}, not ${this.name}`);
    const keyId = keys.shared(hello.keys);
    if (keyId === undefined) throw new PeerProtocolError("it has another backend.api_secret than this gateway");
    const greeting = {
      listenerNonce: hello.nonce,
      callerNonce: newNonce(),
      listenerName: this.name,
      callerName: selfName,
      listenerKeys: hello.keys,
      callerKeys: keys.ids,
    };
    this.#become({ name: "greeting", call, socket, sent: { ...greeting, keyId } });
    writeJson(call.writer, frameTypes.greeting, {
      name: selfName,
      nonce: greeting.callerNonce,
      key: keyId,
      keys: keys.ids,
      proof: keys.prove("caller", keyId, greeting),
    });
    this.#flush(call);
  }

  #welcome(call: Call, socket: Socket<Call>, sent: SentGreeting, body: FrameBody): void {
    const { proof } = readJson(body, welcomeBody);
    const { keys } = this.#options;
    if (!keys.isProof(proof, "listener", sent.keyId, sent)) {
      throw new PeerProtocolError("its proof of the secret is wrong");
    }
    call.reader.allow(maxRecordBytes);
    call.seal = keys.seal("listener", sent.keyId, sent);
    call.writer.sealWith(keys.seal("caller", sent.keyId, sent));
    const nowMs = this.#options.elapsedMs();
    const { listenerKeys: peerKeyIds } = sent;
    this.#become({ name: "up", call, socket, peerKeyIds, heardMs: nowMs, pingedMs: nowMs, isSuspect: false });
    this.#wasTried = true;
    this.#retry.reset();
    this.#options.onUp();
  }

  /** A call has ended; another follows after a pause. */
  #end(call: Call, reason: string): void {
    if (this.#isPresent(call)) this.#leave({ name: "away" }, reason);
  }

  #leave(next: LinkState & { readonly name: "away" | "closed" }, reason: string): void {
    const { name } = this.#state;
    if (name === "closed") return;
    this.#become(next);
    if (name === "away") return;
    const nowMs = this.#options.elapsedMs();
    this.#wasTried = true;
    this.#retry.failed(nowMs);
    const lost = this.#waiting.loseAll();
    if (lost > 0) this.#options.onUnanswered("lost", lost);
    if (name !== "up") return;
    this.#awaySinceMs = nowMs;
    this.#options.onDown(reason);
  }
}
