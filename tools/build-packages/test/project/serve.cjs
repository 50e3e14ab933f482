const { connect } = require("node:net");
const { HashRing } = require("hash-ring");
const { startServer } = require("my-redis");

/** As serve.mjs, with require(). */
async function serve() {
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
}

void serve();
