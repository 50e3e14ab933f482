/** The version of this package. */
export const version = "0.1.0";

/** The Redis version whose behaviour clients may expect. Client libraries choose commands by it. */
export const compatibleVersion = "7.2.0";
