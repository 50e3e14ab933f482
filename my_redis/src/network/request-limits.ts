import type { RequestLimits } from "../protocol/request-parser.ts";
import type { Settings } from "../settings/settings.ts";

/** The limits on requests, in one object that follows CONFIG SET. */
export function requestLimits(settings: Settings): RequestLimits {
  const limits = read(settings);
  for (const name of ["proto-max-bulk-len", "client-query-buffer-limit"] as const) {
    settings.onChange(name, () => Object.assign(limits, read(settings)));
  }
  return limits;
}

const read = ({ values }: Settings): RequestLimits => ({
  maxBulkBytes: values["proto-max-bulk-len"],
  maxQueryBufferBytes: values["client-query-buffer-limit"],
});
