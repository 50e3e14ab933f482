import { withOptions } from "../runtime-options.ts";

/** That of this process, with what a server asks of its runtime. */
export const environmentOfNodes = (): NodeJS.ProcessEnv => withOptions(process.env);
