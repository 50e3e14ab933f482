import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { encodeTexts } from "../protocol/encode-request.ts";
import { nodeAddress } from "../cluster/node-address.ts";

export interface Login {
  readonly user: string | undefined;
  /** Undefined for a server without passwords. */
  readonly password: string | undefined;
  /** Undefined for connections that are not encrypted. */
  readonly tls: ConnectionOptions | undefined;
}

/** A server that cannot be reached, or does not answer as one. */
export class ServerError extends Error {
  constructor(address: string, reason: string) {
    super(`${address}: ${reason}`);
    this.name = "ServerError";
  }
}

/** A reply that is one text, or an error. */
export type ServerReply = { readonly text: string } | { readonly error: string };

const timeoutMs = 60_000;

/** Sends one command over a connection of its own. Throws ServerError. */
export async function askServer(address: string, login: Login, words: readonly string[]): Promise<ServerReply> {
  const { user, password, tls } = login;
  const requests = [words];
  if (password !== undefined) requests.unshift(["AUTH", ...(user === undefined ? [] : [user]), password]);
  const replies = await exchange(address, tls, requests);
  return replies.find((reply) => "error" in reply) ?? (replies.at(-1) as ServerReply);
}

function exchange(
  address: string,
  tls: ConnectionOptions | undefined,
  requests: readonly (readonly string[])[],
): Promise<ServerReply[]> {
  return new Promise((resolve, reject) => {
    const socket: Socket =
      tls === undefined ? connect(nodeAddress(address)) : connectTls({ ...tls, ...nodeAddress(address) });
    const chunks: Buffer[] = [];
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new ServerError(address, reason));
    };
    socket.setTimeout(timeoutMs, () => fail(`no answer for ${timeoutMs} ms`));
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("it closed the connection"));
    socket.on(tls === undefined ? "connect" : "secureConnect", () =>
      socket.write(Buffer.concat(requests.map(encodeTexts))),
    );
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const replies = readReplies(Buffer.concat(chunks), requests.length);
      if (typeof replies === "string") return fail(replies);
      if (replies.length < requests.length) return undefined;
      socket.destroy();
      return resolve(replies);
    });
  });
}

/** The replies that are complete, or what is wrong with the bytes. */
function readReplies(bytes: Buffer, count: number): ServerReply[] | string {
  const replies: ServerReply[] = [];
  let at = 0;
  while (replies.length < count) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) break;
    const line = bytes.toString("utf8", at + 1, end);
    const sign = String.fromCharCode(bytes[at] as number);
    at = end + 2;
    if (sign === "-") replies.push({ error: line });
    else if (sign === "+" || sign === ":") replies.push({ text: line });
    else if (sign === "$") {
      const length = Math.max(0, Number(line));
      if (bytes.length < at + length + 2) break;
      replies.push({ text: bytes.toString("utf8", at, at + length) });
      at += length + 2;
    } else return "it does not answer as a Redis server";
  }
  return replies;
}
