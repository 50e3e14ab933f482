import type { StreamPosition } from "../../dispatch/ports.ts";

/**
 * An orderly end writes into the log where replication stood: "#REPLICATION:<id>:<offset>:<database>", an annotation that
 * redis-server skips. It counts only as the very last entry, because then the log holds exactly the data of that place.
 */
const prefix = "REPLICATION:";

/** The annotation, with its line end. */
export const positionMark = ({ id, offset, database }: StreamPosition): string =>
  `#${prefix}${id}:${offset}:${database}\r\n`;

/** What an annotation says, given without "#" and line end; undefined when it is another one. */
export function parsePositionMark(annotation: string): StreamPosition | undefined {
  const [, id, offset, database] = /^REPLICATION:([0-9a-f]{40}):(\d{1,15}):(\d{1,9})$/.exec(annotation) ?? [];
  return id === undefined ? undefined : { id, offset: Number(offset), database: Number(database) };
}
