import type { SaleTokens } from "../authorization/sale-token.ts";
import type { Session } from "../authorization/sessions.ts";
import { readReservation, watchReservation } from "../contract/reservations.ts";
import { tokenCookieName } from "./check.ts";
import { type GatewayApp, mountEndpoint, type MountOptions } from "./mount-endpoint.ts";
import { bearerToken, cookieValue } from "./request-fields.ts";
import type { ReservationAsker, ReservationReader } from "./reservation-reader.ts";
import type { ReservationWatchers } from "./reservation-watchers.ts";

export interface ReservationOptions {
  readonly reader: ReservationReader;
  readonly watchers: ReservationWatchers;
  readonly tokens: SaleTokens;
}

export function mountReservations(app: GatewayApp, mount: MountOptions, options: ReservationOptions): void {
  const { reader, watchers, tokens } = options;

  /** A token names the user and the product. A session names only the user; the query then names the product. */
  function asker(request: Request, query: Query, session: Session | undefined): ReservationAsker | undefined {
    const explicit = bearerToken(request.headers) ?? query.token;
    const token = explicit ?? (session === undefined ? cookieValue(request.headers, tokenCookieName) : undefined);
    if (token !== undefined) {
      const claims = tokens.read(token);
      if (typeof claims !== "string") return { userId: claims.userId, productId: claims.productId };
      if (explicit !== undefined) return undefined;
    }
    return session && { userId: session.userId, productId: query.productID };
  }

  mountEndpoint(app, readReservation, mount, async ({ params, query, session, request }) => {
    const who = asker(request, query, session);
    return who === undefined ? { failure: "session_required" } : reader.read(params.id, who);
  });

  mountEndpoint(app, watchReservation, mount, async ({ params, query, session, request }) => {
    const who = asker(request, query, session);
    if (who === undefined) return { failure: "session_required" };
    const first = await reader.read(params.id, who);
    if ("failure" in first) return first;
    const stream = watchers.watch(first.ok, () => reader.read(params.id, who), request.signal);
    if (stream === undefined) return { failure: "too_many_listeners", retryAfterSeconds: 1 };
    return new Response(stream, {
      // The last header asks nginx not to buffer the events.
      headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
    });
  });
}

interface Query {
  readonly productID?: string | undefined;
  readonly token?: string | undefined;
}
