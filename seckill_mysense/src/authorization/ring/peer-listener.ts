import type { Socket, TCPSocketListener } from "bun";
import type { LocalAuthorizer } from "../local-authorizer.ts";
import type { FrameReader } from "peer-link";
import { type FrameBody, newFrameReader, readFrames } from "./frame-body.ts";
import { frameTypes, maxGreetingBytes, maxRecordBytes, PeerProtocolError } from "./frame-types.ts";
import { FrameWriter } from "./frame-writer.ts";
import { greetingBody, protocolName, readJson, writeJson } from "./greeting-frames.ts";
import { newNonce, type PeerKeys } from "./peer-keys.ts";
import type { RecordSeal } from "./record-seal.ts";
import { readHolding, readQuestion, writeAnswer } from "./try-frames.ts";

export interface PeerListenerOptions {
  readonly selfName: string;
  readonly host: string;
  readonly port: number;
  readonly keys: PeerKeys;
  /** All that a question can reach. It decides alone, so no question ever goes on to a third gateway. */
  readonly authorizer: LocalAuthorizer;
  /** How many callers that have proved themselves may be connected. */
  readonly maxConnections: number;
  /** A caller that does not prove itself, or says nothing, for this long is cut off. */
  readonly silentAfterMs: number;
  readonly elapsedMs: () => number;
  /** The names that are sent to callers. */
  readonly members: () => readonly string[];
  /** A caller has proved itself. Gives the reason to refuse it, or undefined. */
  readonly onGreeted: (name: string) => string | undefined;
  readonly onRefused: (reason: string, address: string) => void;
}

/** `gateways.self` cannot be listened on. */
export class RingAddressError extends Error {
  override readonly name = "RingAddressError";
}

interface Caller {
  readonly reader: FrameReader;
  readonly writer: FrameWriter;
  state: CallerState;
  /** Of the caller's records; undefined during the greeting. */
  seal: RecordSeal | undefined;
  heardMs: number;
}

/** greeting -> up when the caller has proved itself; -> closed from both. */
type CallerState =
  | { readonly name: "greeting"; readonly nonce: string }
  | { readonly name: "up"; readonly gateway: string }
  | { readonly name: "closed" };

const closed = { name: "closed" } as const;

/** How many callers may be connected that have not proved themselves. */
const maxStrangers = 64;
/** Bytes that may wait for a caller that does not read. */
const maxWaitingBytes = 4_194_304;

/** Where other gateways ask about the users of this one. */
export class PeerListener {
  readonly #options: PeerListenerOptions;
  readonly #callers = new Set<Socket<Caller>>();
  readonly #server: TCPSocketListener<Caller>;
  #answered = 0;

  /** Listens at once. @throws RingAddressError */
  constructor(options: PeerListenerOptions) {
    this.#options = options;
    this.#server = this.#listen(options);
  }

  #listen({ host, port }: PeerListenerOptions): TCPSocketListener<Caller> {
    try {
      return Bun.listen<Caller>({
        hostname: host,
        port,
        exclusive: true,
        socket: {
          open: (socket) => this.#opened(socket),
          data: (socket, chunk) => this.#heard(socket, chunk),
          drain: (socket) => this.#write(socket),
          close: (socket) => this.#closed(socket),
          error: (socket) => this.#closed(socket),
        },
      });
    } catch (error) {
      const { code } = error as { code?: string };
      const what = code === "EADDRINUSE" ? "is in use by another process" : `cannot be used (${code ?? String(error)})`;
      throw new RingAddressError(
        `gateways.self: port ${port} on ${host} ${what}; gateways.listen_host names another address of this machine`,
      );
    }
  }

  /** Questions answered so far. */
  get answered(): number {
    return this.#answered;
  }

  tick(stalledMs: number): void {
    const oldestMs = this.#options.elapsedMs() - this.#options.silentAfterMs;
    for (const socket of this.#callers) {
      socket.data.heardMs += stalledMs;
      if (socket.data.heardMs < oldestMs) socket.terminate();
    }
  }

  tellMembers(): void {
    for (const socket of this.#callers) {
      if (socket.data.state.name !== "up") continue;
      this.#writeMembers(socket.data);
      this.#flush(socket);
    }
  }

  close(): void {
    this.#server.stop(true);
    for (const socket of this.#callers) socket.terminate();
  }

  #opened(socket: Socket<Caller>): void {
    const { keys, selfName, elapsedMs } = this.#options;
    const nonce = newNonce();
    const caller: Caller = {
      reader: newFrameReader(
        maxGreetingBytes,
        (type, body) => this.#handle(caller, type, body),
        () => caller.seal,
      ),
      writer: new FrameWriter(),
      state: { name: "greeting", nonce },
      seal: undefined,
      heardMs: elapsedMs(),
    };
    socket.data = caller;
    this.#makeRoom();
    this.#callers.add(socket);
    socket.setNoDelay(true);
    writeJson(socket.data.writer, frameTypes.hello, {
      protocol: protocolName,
      name: selfName,
      nonce,
      keys: keys.ids,
    });
    this.#flush(socket);
  }

  #closed(socket: Socket<Caller>): void {
    socket.data.state = closed;
    this.#callers.delete(socket);
  }

  /** A gateway proves itself within milliseconds. Of too many strangers, the one that has waited longest is cut off. */
  #makeRoom(): void {
    const strangers = [...this.#callers].filter(({ data }) => data.state.name === "greeting");
    if (strangers.length < maxStrangers) return;
    this.#options.onRefused(`${maxStrangers} others have not proved themselves yet`, strangers[0]!.remoteAddress);
    strangers[0]!.terminate();
  }

  #heard(socket: Socket<Caller>, chunk: Buffer): void {
    const caller = socket.data;
    try {
      readFrames(caller.reader, chunk);
    } catch (error) {
      if (!(error instanceof PeerProtocolError)) throw error;
      this.#options.onRefused(error.message, socket.remoteAddress);
      socket.terminate();
      return;
    }
    // Before its proof, nothing that a caller sends keeps the connection open for longer.
    if (caller.state.name === "up") caller.heardMs = this.#options.elapsedMs();
    this.#flush(socket);
  }

  #handle(caller: Caller, type: number, body: FrameBody): boolean {
    const { state } = caller;
    if (state.name === "greeting") {
      if (type !== frameTypes.greeting) throw new PeerProtocolError(`a frame of type ${type} before the greeting`);
      this.#greeted(caller, state.nonce, body);
    } else if (state.name === "up") {
      this.#handleKnown(caller, type, body);
    }
    return caller.state.name !== "closed";
  }

  #handleKnown(caller: Caller, type: number, body: FrameBody): void {
    const { authorizer } = this.#options;
    if (type === frameTypes.question) {
      this.#answered++;
      writeAnswer(caller.writer, authorizer.decide(readQuestion(body)));
    } else if (type === frameTypes.ping) {
      caller.writer.begin(frameTypes.ping).end();
    } else if (type === frameTypes.holding) {
      authorizer.reportHolding(readHolding(body));
    } else if (type === frameTypes.failure) {
      authorizer.reportFailure(body.text());
    } else {
      throw new PeerProtocolError(`a frame of type ${type}, which callers do not send`);
    }
  }

  #greeted(caller: Caller, listenerNonce: string, body: FrameBody): void {
    const { keys, selfName, maxConnections } = this.#options;
    const { name, nonce, key, keys: callerKeys, proof } = readJson(body, greetingBody);
    const greeting = {
      listenerNonce,
      callerNonce: nonce,
      listenerName: selfName,
      callerName: name,
      listenerKeys: keys.ids,
      callerKeys,
    };
    if (!keys.isProof(proof, "caller", key, greeting)) throw new PeerProtocolError("its proof of the secret is wrong");
    const known = [...this.#callers].filter(({ data }) => data.state.name === "up").length;
    if (known >= maxConnections) throw new PeerProtocolError(`${maxConnections} connections are open already`);
    const refusal = this.#options.onGreeted(name);
    if (refusal !== undefined) throw new PeerProtocolError(refusal);
    caller.state = { name: "up", gateway: name };
    caller.reader.allow(maxRecordBytes);
    caller.seal = keys.seal("caller", key, greeting);
    writeJson(caller.writer, frameTypes.welcome, { proof: keys.prove("listener", key, greeting) });
    caller.writer.sealWith(keys.seal("listener", key, greeting));
    this.#writeMembers(caller);
  }

  #writeMembers({ writer }: Caller): void {
    writeJson(writer, frameTypes.members, { members: this.#options.members() });
  }

  #flush(socket: Socket<Caller>): void {
    this.#write(socket);
    if (socket.data.writer.pendingBytes > maxWaitingBytes) socket.terminate();
  }

  #write(socket: Socket<Caller>): void {
    socket.data.writer.flush((bytes, start, end) => socket.write(bytes, start, end - start));
  }
}
