/** host:port/vhost of a broker's URL, without user and password. */
export function brokerAddress(url: string): string {
  const { hostname, port, pathname, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "amqps:" ? "5671" : "5672")}${pathname === "" ? "/" : pathname}`;
}

/** What is wrong, in words: the client library's own messages begin with "undefined: ACCESS_REFUSED". */
export function describeBrokerFailure(error: unknown, url: string): string {
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  const { username, pathname } = new URL(url);
  const detail = message.replace(/^undefined: /, "");
  const user = JSON.stringify(decodeURIComponent(username) || "guest");
  if (code === "ACCESS_REFUSED" && detail.includes("Login was refused")) {
    return `the broker refused the user ${user} or its password (${detail})`;
  }
  if (code === "ACCESS_REFUSED") return `the user ${user} lacks a permission at the broker (${detail})`;
  if (code === "NOT_ALLOWED" && detail.includes("vhost")) {
    const vhost = JSON.stringify(decodeURIComponent(pathname.slice(1)) || "/");
    return `the broker has no virtual host ${vhost}, or the user ${user} may not enter it (${detail})`;
  }
  if (code === "ECONNREFUSED") return `the broker refuses connections: it is not running, or not there (${detail})`;
  if (code === "PRECONDITION_FAILED") return `the queue exists with other arguments (${detail})`;
  return detail;
}
