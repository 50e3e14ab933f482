/**
 * What stands behind the names of commands, as COMMAND DOCS tells it and redis-cli hints at it: a syntax, and the
 * commands that have it. Read by parse-syntax.ts:
 *
 *   name       an argument of this type: `name:i` an integer, `:d` a double, `:k` a key, `:p` a pattern, `:t` a moment;
 *              without, the type that its name usually has (see there), else a string
 *   WORD       stands as it is                         WORD=x   the word, and x behind it
 *   [x]        may be left out                         (x | y)  either x or y
 *   {x y}      one after the other, as one             x...     once or more often
 *   x...=      once or more often, each with its word
 */
export const syntaxes: readonly (readonly [syntax: string, commands: string])[] = [
  // --- keys of any type ---
  [
    "key",
    "get getdel incr decr strlen llen hgetall hkeys hlen hvals scard smembers zcard xlen dump expiretime persist " +
      "pexpiretime pttl ttl type object|encoding object|freq object|idletime object|refcount xinfo|groups",
  ],
  ["key...", "del exists touch unlink mget watch pfcount sdiff sinter sunion"],
  ["source:k destination:k [DB=destination-db:i] [REPLACE]", "copy"],
  ["source:k destination:k", "rpoplpush"],
  ["key newkey:k", "rename renamenx"],
  ["key db:i", "move"],
  ["key seconds [(NX | XX | GT | LT)]", "expire"],
  ["key milliseconds [(NX | XX | GT | LT)]", "pexpire"],
  ["key unix-time-seconds [(NX | XX | GT | LT)]", "expireat"],
  ["key unix-time-milliseconds [(NX | XX | GT | LT)]", "pexpireat"],
  ["key ttl:i serialized-value [REPLACE] [ABSTTL] [IDLETIME=seconds] [FREQ=frequency:i]", "restore"],
  ["cursor [MATCH=pattern] [COUNT=count] [TYPE=type]", "scan"],
  ["key cursor [MATCH=pattern] [COUNT=count]", "sscan zscan"],
  ["key cursor [MATCH=pattern] [COUNT=count] [NOVALUES]", "hscan"],
  ["key [BY=pattern] [LIMIT={offset count}] [GET=pattern...=] [(ASC | DESC)] [ALPHA] [STORE=destination:k]", "sort"],
  ["key [BY=pattern] [LIMIT={offset count}] [GET=pattern...=] [(ASC | DESC)] [ALPHA]", "sort_ro"],
  ["pattern", "keys"],
  ["[(ASYNC | SYNC)]", "flushall flushdb function|flush script|flush"],
  ["index1:i index2:i", "swapdb"],
  ["numreplicas:i timeout:i", "wait"],
  [
    'host port (key | "") destination-db:i timeout:i [COPY] [REPLACE] ' +
      "[([AUTH=password] | [AUTH2={username password}])] [KEYS=key...]",
    "migrate",
  ],
  // --- strings and bits ---
  [
    "key value [(NX | XX)] [GET] [(EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | " +
      "PXAT=unix-time-milliseconds | KEEPTTL)]",
    "set",
  ],
  ["key [(EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | PXAT=unix-time-milliseconds | PERSIST)]", "getex"],
  ["key value", "append getset setnx"],
  ["key seconds value", "setex"],
  ["key milliseconds value", "psetex"],
  ["key offset value", "setrange"],
  ["key start:i end:i", "getrange substr"],
  ["key increment:i", "incrby"],
  ["key increment:d", "incrbyfloat"],
  ["key decrement:i", "decrby"],
  ["{key value}...", "mset msetnx"],
  ["key1:k key2:k [LEN] [IDX] [MINMATCHLEN=len] [WITHMATCHLEN]", "lcs"],
  ["key offset value:i", "setbit"],
  ["key offset", "getbit"],
  ["key [{start:i end:i [(BYTE | BIT)]}]", "bitcount"],
  ["key bit:i [{start:i [{end:i [(BYTE | BIT)]}]}]", "bitpos"],
  ["operation destkey:k key...", "bitop"],
  [
    "key [(GET={encoding offset} | {[OVERFLOW=(WRAP | SAT | FAIL)] " +
      "(SET={encoding offset value:i} | INCRBY={encoding offset increment:i})})...]",
    "bitfield",
  ],
  ["key [GET={encoding offset}...=]", "bitfield_ro"],
  ["key [element...]", "pfadd"],
  ["destkey:k sourcekey:k...", "pfmerge"],
  ["subcommand key", "pfdebug"],
  // --- hashes ---
  ["key {field value}...", "hset hmset"],
  ["key field value", "hsetnx"],
  ["key field", "hget hexists hstrlen"],
  ["key field...", "hmget hdel"],
  ["key field increment:i", "hincrby"],
  ["key field increment:d", "hincrbyfloat"],
  ["key [{count [WITHVALUES]}]", "hrandfield"],
  ["key seconds [(NX | XX | GT | LT)] FIELDS={numfields:i field...}", "hexpire"],
  ["key milliseconds [(NX | XX | GT | LT)] FIELDS={numfields:i field...}", "hpexpire"],
  ["key unix-time-seconds [(NX | XX | GT | LT)] FIELDS={numfields:i field...}", "hexpireat"],
  ["key unix-time-milliseconds [(NX | XX | GT | LT)] FIELDS={numfields:i field...}", "hpexpireat"],
  ["key FIELDS={numfields:i field...}", "httl hpttl hexpiretime hpexpiretime hpersist hgetdel"],
  [
    "key [(EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | PXAT=unix-time-milliseconds | PERSIST)] " +
      "FIELDS={numfields:i field...}",
    "hgetex",
  ],
  [
    "key [(FNX | FXX)] [(EX=seconds | PX=milliseconds | EXAT=unix-time-seconds | PXAT=unix-time-milliseconds | " +
      "KEEPTTL)] FIELDS={numfields:i {field value}...}",
    "hsetex",
  ],
  // --- lists ---
  ["key element...", "lpush lpushx rpush rpushx"],
  ["key [count]", "lpop rpop spop srandmember zpopmax zpopmin"],
  ["key index", "lindex"],
  ["key index element", "lset"],
  ["key start:i stop:i", "lrange ltrim zremrangebyrank"],
  ["key count element", "lrem"],
  ["key (BEFORE | AFTER) pivot element", "linsert"],
  ["key element [RANK=rank:i] [COUNT=num-matches:i] [MAXLEN=len]", "lpos"],
  ["source:k destination:k (LEFT | RIGHT) (LEFT | RIGHT)", "lmove"],
  ["source:k destination:k (LEFT | RIGHT) (LEFT | RIGHT) timeout", "blmove"],
  ["source:k destination:k timeout", "brpoplpush"],
  ["numkeys key... (LEFT | RIGHT) [COUNT=count]", "lmpop"],
  ["timeout numkeys key... (LEFT | RIGHT) [COUNT=count]", "blmpop"],
  ["key... timeout", "blpop brpop bzpopmax bzpopmin"],
  // --- sets ---
  ["key member...", "sadd srem smismember zmscore zrem geohash geopos"],
  ["key member", "sismember zrank zrevrank zscore"],
  ["source:k destination:k member", "smove"],
  ["destination:k key...", "sdiffstore sinterstore sunionstore"],
  ["numkeys key... [LIMIT=limit:i]", "sintercard zintercard"],
  // --- sorted sets ---
  ["key [(NX | XX)] [(GT | LT)] [CH] [INCR] {score:d member}...", "zadd"],
  ["key increment:i member", "zincrby"],
  ["key min:d max:d", "zcount zremrangebyscore"],
  ["key min max", "zlexcount zremrangebylex"],
  ["numkeys key... (MIN | MAX) [COUNT=count]", "zmpop"],
  ["timeout numkeys key... (MIN | MAX) [COUNT=count]", "bzmpop"],
  ["key [{count [WITHSCORES]}]", "zrandmember"],
  ["key start stop [(BYSCORE | BYLEX)] [REV] [LIMIT={offset count}] [WITHSCORES]", "zrange"],
  ["dst:k src:k min max [(BYSCORE | BYLEX)] [REV] [LIMIT={offset count}]", "zrangestore"],
  ["key min max [LIMIT={offset count}]", "zrangebylex"],
  ["key max min [LIMIT={offset count}]", "zrevrangebylex"],
  ["key min:d max:d [WITHSCORES] [LIMIT={offset count}]", "zrangebyscore"],
  ["key max:d min:d [WITHSCORES] [LIMIT={offset count}]", "zrevrangebyscore"],
  ["key start:i stop:i [WITHSCORES]", "zrevrange"],
  ["numkeys key... [WITHSCORES]", "zdiff"],
  ["destination:k numkeys key...", "zdiffstore"],
  ["numkeys key... [WEIGHTS=weight:i...] [AGGREGATE=(SUM | MIN | MAX)] [WITHSCORES]", "zinter zunion"],
  ["destination:k numkeys key... [WEIGHTS=weight:i...] [AGGREGATE=(SUM | MIN | MAX)]", "zinterstore zunionstore"],
  // --- places ---
  ["key [(NX | XX)] [CH] {longitude latitude member}...", "geoadd"],
  ["key member1 member2 [(M | KM | FT | MI)]", "geodist"],
  [
    "key longitude latitude radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [{COUNT=count [ANY]}] " +
      "[(ASC | DESC)] [STORE=key] [STOREDIST=key]",
    "georadius",
  ],
  [
    "key longitude latitude radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [{COUNT=count [ANY]}] " +
      "[(ASC | DESC)]",
    "georadius_ro",
  ],
  [
    "key member radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [{COUNT=count [ANY]}] [(ASC | DESC)] " +
      "[STORE=key] [STOREDIST=key]",
    "georadiusbymember",
  ],
  [
    "key member radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [{COUNT=count [ANY]}] [(ASC | DESC)]",
    "georadiusbymember_ro",
  ],
  [
    "key (FROMMEMBER=member | FROMLONLAT={longitude latitude}) ({BYRADIUS=radius (M | KM | FT | MI)} | " +
      "{BYBOX=width:d height:d (M | KM | FT | MI)}) [(ASC | DESC)] [{COUNT=count [ANY]}] [WITHCOORD] [WITHDIST] " +
      "[WITHHASH]",
    "geosearch",
  ],
  [
    "destination:k source:k (FROMMEMBER=member | FROMLONLAT={longitude latitude}) " +
      "({BYRADIUS=radius (M | KM | FT | MI)} | {BYBOX=width:d height:d (M | KM | FT | MI)}) [(ASC | DESC)] " +
      "[{COUNT=count [ANY]}] [STOREDIST]",
    "geosearchstore",
  ],
  // --- streams ---
  ["key [NOMKSTREAM] [{(MAXLEN | MINID) [(= | ~)] threshold [LIMIT=count]}] (* | id) {field value}...", "xadd"],
  ["key {(MAXLEN | MINID) [(= | ~)] threshold [LIMIT=count]}", "xtrim"],
  ["key id...", "xdel"],
  ["key start end [COUNT=count]", "xrange"],
  ["key end start [COUNT=count]", "xrevrange"],
  ["[COUNT=count] [BLOCK=milliseconds] STREAMS={key... id...}", "xread"],
  ["GROUP={group consumer} [COUNT=count] [BLOCK=milliseconds] [NOACK] STREAMS={key... id...}", "xreadgroup"],
  ["key group id...", "xack"],
  ["key group [{[IDLE=min-idle-time:i] start end count [consumer]}]", "xpending"],
  [
    "key group consumer min-idle-time id... [IDLE=ms:i] [TIME=unix-time-milliseconds] [RETRYCOUNT=count] [FORCE] " +
      "[JUSTID] [LASTID=lastid]",
    "xclaim",
  ],
  ["key group consumer min-idle-time start [COUNT=count] [JUSTID]", "xautoclaim"],
  ["key last-id [ENTRIESADDED=entries-added:i] [MAXDELETEDID=max-deleted-id]", "xsetid"],
  ["key group (id | $) [MKSTREAM] [ENTRIESREAD=entries-read:i]", "xgroup|create"],
  ["key group (id | $) [ENTRIESREAD=entries-read:i]", "xgroup|setid"],
  ["key group consumer", "xgroup|createconsumer xgroup|delconsumer"],
  ["key group", "xgroup|destroy xinfo|consumers"],
  ["key [FULL={[COUNT=count]}]", "xinfo|stream"],
  // --- publishing ---
  ["channel message", "publish"],
  ["shardchannel message", "spublish"],
  ["channel...", "subscribe"],
  ["[channel...]", "unsubscribe pubsub|numsub"],
  ["shardchannel...", "ssubscribe"],
  ["[shardchannel...]", "sunsubscribe pubsub|shardnumsub"],
  ["{pattern}...", "psubscribe"],
  ["[pattern...]", "punsubscribe"],
  ["[pattern]", "pubsub|channels pubsub|shardchannels"],
  // --- scripts ---
  ["script numkeys [key...] [arg...]", "eval eval_ro"],
  ["sha1 numkeys [key...] [arg...]", "evalsha evalsha_ro"],
  ["sha1...", "script|exists"],
  ["script", "script|load"],
  ["(YES | SYNC | NO)", "script|debug"],
  ["[LIBRARYNAME=library-name-pattern] [WITHCODE]", "function|list"],
  // --- connections ---
  ["message", "echo"],
  ["[message]", "ping"],
  ["index", "select"],
  ["[username] password", "auth"],
  ["[{protover:i [AUTH={username password}] [SETNAME=clientname]}]", "hello"],
  ["connection-name", "client|setname"],
  ["(LIB-NAME=libname | LIB-VER=libver)", "client|setinfo"],
  ["(ON | OFF)", "client|no-evict client|no-touch"],
  ["(ON | OFF | SKIP)", "client|reply"],
  ["(YES | NO)", "client|caching"],
  ["(ON | OFF) [REDIRECT=client-id] [PREFIX=prefix...=] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]", "client|tracking"],
  ["timeout:i [(WRITE | ALL)]", "client|pause"],
  ["client-id [(TIMEOUT | ERROR)]", "client|unblock"],
  ["[TYPE=(NORMAL | MASTER | REPLICA | PUBSUB)] [ID={client-id...}]", "client|list"],
  [
    "(address | ([ID=client-id] | [TYPE=(NORMAL | MASTER | SLAVE | REPLICA | PUBSUB)] | [USER=username] | " +
      "[ADDR=address] | [LADDR=address] | [SKIPME=yes-or-no])...)",
    "client|kill",
  ],
  // --- the server ---
  ["[section...]", "info"],
  ["[category]", "acl|cat"],
  ["[SCHEDULE]", "bgsave"],
  ["[(NOSAVE | SAVE)] [NOW] [FORCE] [ABORT]", "shutdown"],
  ["[VERSION=version:i]", "lolwut"],
  ["{parameter}...", "config|get"],
  ["{parameter value}...", "config|set"],
  ["[command-name...]", "command|docs command|info"],
  ["[FILTERBY=(MODULE=module-name | ACLCAT=category | PATTERN=pattern)]", "command|list"],
  ["command [arg...]", "command|getkeys command|getkeysandflags"],
  ["event", "latency|graph latency|history"],
  ["[event...]", "latency|reset"],
  ["[command...]", "latency|histogram"],
  ["[count]", "slowlog|get"],
  ["key [SAMPLES=count]", "memory|usage"],
  // --- nodes ---
  ["slot:i...", "cluster|addslots cluster|delslots"],
  ["slot:i", "cluster|countkeysinslot"],
  ["{start-slot:i end-slot:i}...", "cluster|addslotsrange cluster|delslotsrange"],
  ["slot:i (IMPORTING=node-id | MIGRATING=node-id | NODE=node-id | STABLE)", "cluster|setslot"],
  ["[(FORCE | TAKEOVER)]", "cluster|failover"],
  ["[(HARD | SOFT)]", "cluster|reset"],
  ["config-epoch:i", "cluster|set-config-epoch"],
  ["ip port [cluster-bus-port:i]", "cluster|meet"],
  ["node-id", "cluster|forget cluster|replicate cluster|replicas cluster|slaves cluster|count-failure-reports"],
  ["slot:i count", "cluster|getkeysinslot"],
  ["key:s", "cluster|keyslot"],
];
