import * as fairDraw from "fair-draw";
import holder from "./hold-draw.cjs";

console.log(await holder.holdDraw(fairDraw));
