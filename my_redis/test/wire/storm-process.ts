/** Opens connections all at once, says when it has them, and keeps them: `bun storm-process.ts <port> <count>`. */
import { argv } from "node:process";

const [port = 0, count = 0] = argv.slice(2).map(Number);
const socket = { data() {} };
await Promise.all(Array.from({ length: count }, () => Bun.connect({ hostname: "127.0.0.1", port, socket })));
console.log("connected");
setInterval(() => {}, 1000);
