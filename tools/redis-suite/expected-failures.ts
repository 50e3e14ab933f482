/** By unit and test: why a test of Redis 7.0's suite cannot pass. Every one of them must fail, and no other may. */
export const expectedFailures: Readonly<Record<string, Readonly<Record<string, string>>>> = {};
