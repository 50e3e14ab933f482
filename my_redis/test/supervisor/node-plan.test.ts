import { expect, test } from "bun:test";
import { nodeWords, planNodes, type PlanSettings } from "../../src/supervisor/node-plan.ts";

const plan = (changes: Partial<PlanSettings>) =>
  planNodes({
    nodes: 3,
    replicas: 0,
    "cluster-replicas": [],
    port: 7000,
    bind: ["127.0.0.1"],
    self: "",
    peers: [],
    dir: "/data",
    "metrics-port": 0,
    unixsocket: "",
    "admin-port": 0,
    "tls-port": 0,
    "tls-cluster": false,
    ...changes,
  });

test("each node has a port, a folder and all others as peers", () => {
  expect(plan({})).toEqual([
    {
      name: "127.0.0.1:7000",
      port: 7000,
      tlsPort: 0,
      adminPort: 0,
      metricsPort: 0,
      folder: "/data/node-7000",
      peers: ["127.0.0.1:7001", "127.0.0.1:7002"],
      replicas: "",
    },
    {
      name: "127.0.0.1:7001",
      port: 7001,
      tlsPort: 0,
      adminPort: 0,
      metricsPort: 0,
      folder: "/data/node-7001",
      peers: ["127.0.0.1:7000", "127.0.0.1:7002"],
      replicas: "",
    },
    {
      name: "127.0.0.1:7002",
      port: 7002,
      tlsPort: 0,
      adminPort: 0,
      metricsPort: 0,
      folder: "/data/node-7002",
      peers: ["127.0.0.1:7000", "127.0.0.1:7001"],
      replicas: "",
    },
  ]);
});

test("the host is that of self, else the first address bound that names one machine", () => {
  const hosts = (changes: Partial<PlanSettings>) => plan({ nodes: 2, ...changes }).map(({ name }) => name);
  expect(hosts({ self: "cache.example:7000", bind: ["0.0.0.0"] })).toEqual([
    "cache.example:7000",
    "cache.example:7001",
  ]);
  expect(hosts({ bind: ["*", "-::*", "10.0.0.7"] })).toEqual(["10.0.0.7:7000", "10.0.0.7:7001"]);
  expect(hosts({ bind: ["::1"] })).toEqual(["[::1]:7000", "[::1]:7001"]);
  expect(hosts({ bind: ["*"] })).toEqual(["127.0.0.1:7000", "127.0.0.1:7001"]);
});

test("nodes of other machines are peers of all", () => {
  const nodes = plan({ nodes: 2, self: "10.0.0.1:7000", peers: ["10.0.0.1:7001", "10.0.0.2:7000"] });
  expect(nodes.map(({ peers }) => peers)).toEqual([
    ["10.0.0.1:7001", "10.0.0.2:7000"],
    ["10.0.0.1:7000", "10.0.0.2:7000"],
  ]);
});

test("a node is started with directives that win over the shared ones", () => {
  const [node] = plan({ nodes: 2 });
  expect(nodeWords(node as NonNullable<typeof node>).join(" ")).toBe(
    "--nodes 1 --port 7000 --tls-port 0 --admin-port 0 --metrics-port 0 --dir /data/node-7000 --self 127.0.0.1:7000 --pidfile  --daemonize no --peers 127.0.0.1:7001",
  );
});

test("each node has an administration port of its own", () => {
  expect(plan({ "metrics-port": 7600 }).map(({ metricsPort }) => metricsPort)).toEqual([7600, 7601, 7602]);
  expect(plan({ "admin-port": 7500 }).map(({ adminPort }) => adminPort)).toEqual([7500, 7501, 7502]);
  expect(() => plan({ "admin-port": 65_534 })).toThrow("administration ports of 3 nodes would go beyond port 65535");
});

test("impossible ports are refused, and the message names them", () => {
  expect(() => plan({ port: 0 })).toThrow("nodes needs a fixed port");
  expect(() => plan({ port: 65_534 })).toThrow("3 nodes from port 65534 upwards would go beyond port 65535");
  expect(() => plan({ "metrics-port": 65_534 })).toThrow("3 nodes from metrics-port 65534 upwards");
  expect(() => plan({ self: "10.0.0.1:6379" })).toThrow("self is 10.0.0.1:6379");
});

test("the replicas come behind the nodes, and all of them know who stands in for whom", () => {
  const planned = plan({ replicas: 1 });
  expect(planned.map(({ port }) => port)).toEqual([7000, 7001, 7002, 7003, 7004, 7005]);
  const groups = "127.0.0.1:7000 127.0.0.1:7003, 127.0.0.1:7001 127.0.0.1:7004, 127.0.0.1:7002 127.0.0.1:7005";
  expect(planned.map(({ replicas }) => replicas)).toEqual(Array.from({ length: 6 }, () => groups));
  expect(nodeWords(planned[0]!)).toContain(groups);
});

test("encrypted nodes count up from tls-port, which is in their names when their links are encrypted", () => {
  const ports = (settings: Parameters<typeof plan>[0]): unknown =>
    plan(settings).map(({ name, port, tlsPort }) => [name, port, tlsPort]);
  expect(ports({ "tls-port": 7100 })).toEqual([
    ["127.0.0.1:7000", 7000, 7100],
    ["127.0.0.1:7001", 7001, 7101],
    ["127.0.0.1:7002", 7002, 7102],
  ]);
  expect(ports({ port: 0, "tls-port": 7100, "tls-cluster": true })).toEqual([
    ["127.0.0.1:7100", 0, 7100],
    ["127.0.0.1:7101", 0, 7101],
    ["127.0.0.1:7102", 0, 7102],
  ]);
  expect(() => plan({ "tls-port": 7002 })).toThrow(
    "the ports of 3 nodes from port 7000 and from tls-port 7002 are the same",
  );
  expect(() => plan({ "tls-port": 65_534 })).toThrow("3 nodes from tls-port 65534 upwards would go beyond port 65535");
  expect(() => plan({ port: 0, "tls-cluster": true })).toThrow("tls-cluster needs tls-port");
});
