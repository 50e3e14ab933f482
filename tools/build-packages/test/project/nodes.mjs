import { startNodes } from "my-redis";

/** Prints why the nodes of a ring cannot start. */
try {
  await startNodes({ nodes: 2, port: 7000, dir: "." });
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}
