/** Runs before a program, and puts the clock of its machine wrong by TEST_CLOCK_OFF_BY_MS. */
const offByMs = Number(process.env["TEST_CLOCK_OFF_BY_MS"]);
if (!Number.isFinite(offByMs)) throw new Error("TEST_CLOCK_OFF_BY_MS must be a number of milliseconds");

const rightNow = Date.now;
Date.now = () => rightNow() + offByMs;
