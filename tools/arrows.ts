/**
 * Which folder may import which. Patterns are globs over paths of the repository; an import of a package is matched as
 * it is written ("node:net"). Type imports count: knowing a type is knowing.
 */
export interface Arrow {
  /** The importing files. */
  from: string;
  except?: readonly string[];
  /** Of our own files, only these: what a package offers elsewhere (npm, node:) is not meant. */
  only?: readonly string[];
  never?: readonly string[];
  why: string;
}

const tests = ["**/test/**", "**/bench/**"];

export const arrows: readonly Arrow[] = [
  {
    from: "**",
    never: ["**/main.ts"],
    why: "a main.ts is a program: tests start it as a process, and what others need of it belongs into a module",
  },
  {
    from: "{fair_draw,hash_ring,linearizability,peer_link,my_redis,seckill_mysense}/**",
    except: [...tests],
    never: ["**/test/**", "**/bench/**", "tools/**", "bench/**"],
    why: "the product does not depend on its tests and tools",
  },
  {
    from: "fair_draw/**",
    except: tests,
    only: ["fair_draw/**"],
    why: "anybody can check a draw without the sale, which is one of its users",
  },
  {
    from: "fair_draw/{src,web}/**",
    except: ["fair_draw/src/{command-line,run-program}.ts"],
    never: ["node:*", "bun"],
    why: "a draw is made and checked in a browser, too: whoever calls it reads files and clocks",
  },
  {
    from: "hash_ring/**",
    except: tests,
    only: ["hash_ring/**"],
    why: "the ring serves both systems and knows neither",
  },
  {
    from: "linearizability/**",
    except: tests,
    only: ["linearizability/**"],
    why: "the checker judges any system, and knows none",
  },
  {
    from: "linearizability/src/{checker,models}/**",
    never: ["node:*"],
    why: "the checker and its models are pure: whoever calls them reads files and clocks",
  },
  {
    from: "peer_link/**",
    except: tests,
    only: ["peer_link/**"],
    why: "what links between peers share serves both systems and knows neither",
  },
  {
    from: "my_redis/**",
    never: ["seckill_mysense/**"],
    why: "MyRedis is a server for anybody; the sale is one of its clients",
  },
  {
    from: "my_redis/src/cluster/**",
    never: ["my_redis/src/commands/**"],
    why: "nodes pass requests on, whatever the command; what both need lies below them",
  },
  {
    from: "my_redis/src/cluster/agreement/**",
    only: ["my_redis/src/cluster/agreement/**", "my_redis/src/cluster/transaction/quorum.ts", "hash_ring/**"],
    never: ["node:*"],
    why: "the ring's agreement is pure: it gets time, chance and messages from whoever runs it, so that a simulation can",
  },
  {
    from: "my_redis/src/memory/**",
    only: ["my_redis/src/memory/**", "my_redis/src/c-library.ts"],
    why: "the ground floor is bytes: heap, records, tables and buffers, for whatever stands on it; it asks the system for pages",
  },
  {
    from: "my_redis/src/protocol/**",
    only: ["my_redis/src/{protocol,values,memory}/**"],
    why: "the protocol turns bytes into requests and back, and knows no server",
  },
  {
    from: "my_redis/src/values/**",
    only: ["my_redis/src/{values,protocol,memory}/**"],
    why: "values are pure data structures, and know no server",
  },
  {
    from: "my_redis/src/{memory,keyspace,values,protocol,collections,dispatch,commands}/**",
    never: ["my_redis/src/network/**", "node:net", "node:tls", "node:http", "node:dgram"],
    why: "a command never sees a socket: what it needs of a client stands in its context",
  },
  {
    from: "my_redis/src/keyspace/**",
    only: ["my_redis/src/{keyspace,values,protocol,memory}/**"],
    why: "the store holds data, and knows nobody who uses it",
  },
  {
    from: "my_redis/src/dispatch/**",
    never: ["my_redis/src/{cluster,commands,migration,network,persistence,replication}/**", "my_redis/src/*server.ts"],
    why: "the pipeline runs any commands, for any server: what it needs of the rest are the ports in dispatch/ports.ts",
  },
  {
    from: "my_redis/src/{cluster,migration,network,persistence,replication,scripting}/**",
    never: ["my_redis/src/commands/**", "my_redis/src/*server.ts"],
    why: "what commands stand on knows no single command, and finds its services through dispatch/context.ts",
  },
  {
    from: "my_redis/src/commands/**",
    never: ["my_redis/src/*server.ts", "my_redis/src/persistence/{aof,snapshot}/**", "my_redis/src/replication/**"],
    why: "a command finds the services of its server in its context",
  },
  {
    from: "my_redis/src/collections/**",
    only: ["my_redis/src/{collections,keyspace,values,protocol,memory}/**"],
    why: "a hash, list or set needs a database to be in, and no client, command or setting",
  },
  {
    from: "seckill_mysense/src/domain/**",
    only: ["seckill_mysense/src/domain/**"],
    why: "the rules of the sale are pure, and import nothing else of ours",
  },
  {
    from: "seckill_mysense/src/contract/**",
    only: ["seckill_mysense/src/{contract,domain}/**", "fair_draw/index.ts"],
    why: "the contract is what clients and servers agree on; of ours it knows the words of the sale and of draws alone",
  },
  {
    from: "seckill_mysense/src/time/**",
    only: ["seckill_mysense/src/time/**"],
    why: "clock, pause and back-off serve every part and know none",
  },
  {
    from: "seckill_mysense/src/{tracing,logging}/**",
    only: ["seckill_mysense/src/{tracing,logging}/**"],
    why: "the log and the spans serve every part and know none",
  },
  {
    from: "seckill_mysense/src/health/**",
    only: ["seckill_mysense/src/{health,logging,time}/**"],
    why: "the state of the parts is reported by each of them, and knows none",
  },
  {
    from: "seckill_mysense/src/ledger/**",
    only: ["seckill_mysense/src/{ledger,domain,time}/**", "fair_draw/index.ts"],
    why: "the ledger is the truth: it does not know how reservations reach it, or who reads it",
  },
  {
    from: "seckill_mysense/src/gate/**",
    only: ["seckill_mysense/src/{gate,domain,time,logging}/**"],
    why: "the gate can be rebuilt from the ledger, and knows neither ledger nor queue",
  },
  {
    from: "seckill_mysense/src/queue/**",
    only: ["seckill_mysense/src/{queue,contract,domain,health,time}/**"],
    why: "a queue carries the messages of the contract, and knows neither their writers nor their readers",
  },
  {
    from: "seckill_mysense/src/relay/**",
    only: [
      "seckill_mysense/src/{relay,gate,queue,domain,health,time,logging,tracing}/**",
      "seckill_mysense/src/ledger/changes.ts",
    ],
    why: "the relay carries outboxes to the queue; of the ledger it reads which products there are",
  },
  {
    from: "seckill_mysense/src/orders/**",
    only: [
      "seckill_mysense/src/{orders,contract,gate,queue,domain,health,time,logging,tracing}/**",
      "seckill_mysense/src/ledger/{orders,bundles,returns,waiters,program-requests,revocations,dead-letters,ledger-errors}.ts",
    ],
    why: "consumer and sweeper work on a few ports of the ledger, whatever database stands behind them",
  },
  {
    from: "seckill_mysense/src/payments/**",
    only: ["seckill_mysense/src/{payments,domain,time,logging}/**", "seckill_mysense/src/ledger/payments.ts"],
    why: "payments bring a provider and the ledger together, whatever database or provider stands behind them",
  },
  {
    from: "seckill_mysense/src/command-line/**",
    only: [
      "seckill_mysense/src/{command-line,contract,domain}/**",
      "seckill_mysense/src/roles/{task,sale-task}.ts",
      "seckill_mysense/src/ledger/invitation-codes.ts",
      "seckill_mysense/src/rooms/room-service.ts",
    ],
    why: "the command line says what is asked for, and knows nothing that could do it",
  },
  {
    from: "seckill_mysense/src/operations/**",
    only: [
      "seckill_mysense/src/{operations,health,logging,time}/**",
      "seckill_mysense/src/authorization/{internal-secret,bearer-token,ip-address}.ts",
      "seckill_mysense/src/ledger/{heartbeats,dead-letters}.ts",
      "seckill_mysense/src/orders/dead-letters.ts",
    ],
    why: "what operators see is put together by the roles: it knows no gate, queue or database",
  },
  {
    from: "seckill_mysense/src/rooms/**",
    only: [
      "seckill_mysense/src/{rooms,domain,health,logging,time}/**",
      "seckill_mysense/src/ledger/{rooms,ledger-errors}.ts",
      "fair_draw/index.ts",
    ],
    why: "what becomes of a room follows from the ledger, whoever asks for it",
  },
  {
    from: "seckill_mysense/src/sales/**",
    only: [
      "seckill_mysense/src/{sales,gate,domain,time}/**",
      "seckill_mysense/src/ledger/{changes,gates,invitation-codes,ledger-errors,orders,revocations,sales,waiters}.ts",
      "seckill_mysense/src/authorization/invitation-codes.ts",
    ],
    why: "a change of a sale goes from the ledger to the gate, whatever stands behind their ports",
  },
  {
    from: "seckill_mysense/src/verify/**",
    only: ["seckill_mysense/src/{verify,gate,queue,domain,time}/**", "seckill_mysense/src/ledger/{audit,orders}.ts"],
    why: "the verifier reads through ports, and changes nothing",
  },
  {
    from: "seckill_mysense/src/recovery/**",
    only: ["seckill_mysense/src/{recovery,gate,queue,domain,time,logging}/**", "seckill_mysense/src/ledger/gates.ts"],
    why: "recovery compares gates with the ledger and rebuilds them, through their ports",
  },
  {
    from: "seckill_mysense/src/ledger-gate/**",
    only: [
      "seckill_mysense/src/{ledger-gate,gate,domain}/**",
      "seckill_mysense/src/ledger/{reservations,gates,orders,ledger-errors}.ts",
    ],
    why: "a sale without a gate brings the gate's port and the ledger together, whatever database stands behind it",
  },
  {
    from: "seckill_mysense/client/**",
    only: ["seckill_mysense/client/**"],
    why: "the client is a package of its own: other programs install it alone",
  },
  {
    from: "seckill_mysense/src/**",
    never: ["seckill_mysense/client/**"],
    why: "the service is what the client talks to, and does not talk to itself",
  },
  {
    from: "seckill_mysense/web/**",
    only: ["seckill_mysense/web/**", "seckill_mysense/src/contract/**"],
    why: "a page runs in the browser: it shares the contract with the servers, and nothing else",
  },
];
