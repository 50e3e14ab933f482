const { holdDraw } = require("./hold-draw.cjs");

void holdDraw(require("fair-draw")).then(console.log);
