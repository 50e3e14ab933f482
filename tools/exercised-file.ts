/**
 * The variable that names a file to which each test process adds the commands that it compared with redis-server, one per
 * line. The program that runs all tests sets it.
 */
export const exercisedFileVariable = "DIFFERENTIAL_EXERCISED_FILE";
