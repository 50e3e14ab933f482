/**
 * This must be the first import of the program. The runtime collects its garbage whenever its memory has doubled since the
 * last whole collection, but at first after 8 MiB. So a start that loads data was interrupted by a collection, which took 8
 * of the 30 ms of a small snapshot, to find out that nearly everything is in use. A collection at this moment, when the
 * program is not there yet, takes a fraction of a millisecond. What counts is how much memory there is meanwhile: as much as
 * soon follows, with the first segment of the record heap. It is only counted, never written to, so that the system does not
 * give it.
 */
const countedBytes = 96 << 20;

function collectEarly(): void {
  if (typeof Bun === "undefined") return;
  const { fullGC } = process.getBuiltinModule("bun:jsc") as unknown as { fullGC(): number };
  const counted = new Uint8Array(countedBytes);
  fullGC();
  // Until here, the array is in use.
  counted.fill(0, 0, 0);
}

collectEarly();
