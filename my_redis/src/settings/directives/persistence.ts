import { choice, choices, integer, memory, text, yesNo } from "../value-kinds.ts";
import { savePoints } from "../special-values.ts";

const plainFileName = (name: string) => (value: string) => {
  if (value === "") return `${name} can't be empty`;
  return /[\\/]/.test(value) || value === "." || value === ".."
    ? `${name} can't be a path, just a filename`
    : undefined;
};

/** How data survives the end of the process. */
export const persistenceDirectives = {
  dir: text({
    default: ".",
    summary: "Folder that holds the snapshot and the append-only file.",
    change: "protected",
    check: (value) => (value === "" ? "No such file or directory" : undefined),
  }),
  appendonly: yesNo({
    default: false,
    summary: "Every change is written to the append-only file, and read from it at the next start.",
  }),
  appendfilename: text({
    default: "appendonly.aof",
    summary: "First part of the names of the append-only files.",
    change: "start",
    check: plainFileName("appendfilename"),
  }),
  appenddirname: text({
    default: "appendonlydir",
    summary: "Folder inside dir for the append-only files.",
    change: "start",
    check: plainFileName("appenddirname"),
  }),
  appendfsync: choice(["everysec", "always", "no"], {
    default: "everysec",
    summary:
      "When changes are forced to the disk: every second, always before they are answered, or when the system likes.",
  }),
  "no-appendfsync-on-rewrite": yesNo({
    default: false,
    summary: "Leaves out forcing changes to the disk while the file is rewritten.",
    unused: "a rewrite does not hold up fsync here",
  }),
  "auto-aof-rewrite-percentage": integer({
    default: 100,
    summary: "Growth since the last rewrite, in percent, at which the append-only file is rewritten; 0 never.",
  }),
  "auto-aof-rewrite-min-size": memory({
    default: 64 * 1024 * 1024,
    summary: "Size below which the append-only file is never rewritten by itself.",
  }),
  "aof-load-truncated": yesNo({
    default: true,
    summary: "A file whose end was cut off is loaded up to there, with a warning; otherwise the start is refused.",
  }),
  "aof-checksum": yesNo({
    default: true,
    summary: "Puts checksums into the append-only file, in annotations that redis-server passes over.",
    change: "start",
  }),
  "aof-use-rdb-preamble": yesNo({
    default: true,
    summary: "A rewritten append-only file begins with a snapshot in RDB form; otherwise with commands.",
  }),
  "aof-timestamp-enabled": yesNo({
    default: false,
    summary: "Notes the time in the append-only file now and then.",
    unused: "times are not noted",
  }),
  "aof-rewrite-incremental-fsync": yesNo({
    default: true,
    summary: "Forces a file that is being rewritten to the disk piece by piece.",
    unused: "this is always done",
  }),
  "aof-disable-auto-gc": yesNo({
    default: false,
    summary: "Keeps append-only files that are not needed any more.",
    unused: "files that are not needed any more are removed",
  }),
  save: savePoints({
    default: [],
    summary:
      "Seconds and changes after which a snapshot is written; several pairs are possible, an empty text means none.",
  }),
  dbfilename: text({
    default: "dump.rdb",
    summary: "Name of the snapshot file.",
    change: "protected",
    check: plainFileName("dbfilename"),
  }),
  rdbcompression: yesNo({ default: true, summary: "Compresses long strings in snapshots and in what DUMP gives." }),
  rdbchecksum: yesNo({
    default: true,
    summary: "Ends a snapshot with a checksum, and compares it when one is loaded.",
    change: "start",
  }),
  "rdb-key-save-delay": integer({
    default: 0,
    summary: "Microseconds of pause after each key of a snapshot in the background, for tests.",
  }),
  "rdb-del-sync-files": yesNo({
    default: false,
    summary: "Removes snapshot files that were used only for replication.",
    unused: "such files are always removed",
  }),
  "rdb-save-incremental-fsync": yesNo({
    default: true,
    summary: "Forces a snapshot to the disk piece by piece.",
    unused: "this is always done",
  }),
  "stop-writes-on-bgsave-error": yesNo({
    default: true,
    summary: "Refuses writes after a snapshot could not be written.",
  }),
  "sanitize-dump-payload": choice(["no", "yes", "clients"], {
    default: "no",
    summary: "How closely the data of RESTORE is checked.",
    unused: "RESTORE always checks its data",
  }),
  "shutdown-timeout": integer({
    default: 10,
    summary: "Seconds that a shutdown waits for replicas to catch up.",
  }),
  "shutdown-on-sigint": choices(["default", "save", "nosave", "now", "force"], {
    default: ["default"],
    summary: "What a SIGINT does besides stopping the server.",
  }),
  "shutdown-on-sigterm": choices(["default", "save", "nosave", "now", "force"], {
    default: ["default"],
    summary: "What a SIGTERM does besides stopping the server.",
  }),
  "propagation-error-behavior": choice(["ignore", "panic", "panic-on-replicas"], {
    default: "ignore",
    summary: "What a replica does when a replicated command fails.",
    unused: "a replica reports such a command, and goes on",
  }),
  "replica-ignore-disk-write-errors": yesNo({
    default: false,
    summary: "Whether a replica continues when it cannot write to its disk.",
    unused: "a replica goes on, and refuses the writes of clients",
  }),
};
