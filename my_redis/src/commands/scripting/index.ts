import { evalDigest, evalDigestReadOnly, evalReadOnly, evalText } from "./eval.ts";
import { script } from "./script.ts";

export const scriptingCommands = [evalDigest, evalDigestReadOnly, evalReadOnly, evalText, script];
