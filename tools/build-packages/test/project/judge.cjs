const { check, History, register } = require("linearizability");

const history = new History();
history.call({ process: "client 1", kind: "write", input: 1 }).returned();
history.call({ process: "client 2", kind: "read" }).returned(null);
const { verdict, counterExample } = check(history.operations(), { model: register });
const [write, read] = counterExample.core;
console.log(`${verdict} ${write.kind} ${write.input} | ${read.kind} -> ${read.output}`);
