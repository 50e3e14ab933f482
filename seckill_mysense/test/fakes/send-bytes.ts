import { connect } from "node:net";

/** Sends bytes unchanged, and returns all that is received until the server closes or `timeoutMs` has passed. */
export function sendBytes(port: number, bytes: string, timeoutMs = 5_000): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(bytes, "latin1"));
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    // A refused connection is a refusal too: the bytes received so far are the answer.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}
