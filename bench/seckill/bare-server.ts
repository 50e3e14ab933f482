/** The measure for rejections: as little as Bun.serve can do to say the same. */
const body = JSON.stringify({ error: "sold_out", message: "every unit is sold" });

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  routes: {
    "/check": () => new Response(body, { status: 410, headers: { "content-type": "application/json" } }),
  },
});
console.log(`ready on ${server.port}`);
