import { connect } from "node:net";
import { startServer } from "my-redis";

/** A program that only serves, as README.md shows it, until a client asks it to end. */
const keepProcessAlive = process.argv[2] === "true";
const server = await startServer({ port: 0, memory: true, keepProcessAlive });
console.log(`serving on ${server.url}`);
setTimeout(() => connect(server.port, server.host).end("SHUTDOWN\r\n"), 200).unref();
await server.closed;
console.log("closed");
