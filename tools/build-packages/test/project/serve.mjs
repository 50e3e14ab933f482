import { connect } from "node:net";
import { HashRing } from "hash-ring";
import { startServer } from "my-redis";

/** Starts a server, and prints what it answers, a script's result among it. Closes nothing: the process ends by itself. */
const server = await startServer({ port: 0, memory: true });
const socket = connect(server.port, server.host);
socket.write(`SET key value\r\nEVAL "return redis.call('GET', KEYS[1])" 1 key\r\nECHO done\r\n`);
let answers = "";
socket.on("data", (chunk) => {
  answers += chunk;
  if (!answers.includes("done")) return;
  console.log(JSON.stringify({ answers, owner: new HashRing(["one"]).owner("key") }));
  socket.destroy();
});
