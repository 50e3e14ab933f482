import { bearerToken } from "../authorization/bearer-token.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { Revocations } from "../authorization/revocations.ts";
import type { BundleTokenClaims, SaleTokens, TokenClaims } from "../authorization/sale-token.ts";
import type { Session } from "../authorization/sessions.ts";
import { readReservation, type Reservation, watchReservation } from "../contract/reservations.ts";
import { knownAfterEndMs } from "../domain/sale.ts";
import type { SessionMark } from "../domain/session-mark.ts";
import { isBundle } from "../domain/bundle.ts";
import type { BundleReader } from "./bundle-reader.ts";
import { tokenCookieName } from "./check.ts";
import { answerWith, type EventStreams } from "./event-streams.ts";
import { type GatewayApp, mountEndpoint, type MountOptions, type Refusal, refusalOf } from "./mount-endpoint.ts";
import { cookieValue } from "./request-fields.ts";
import { isFinal, type ReservationReader, type ReservationReading } from "./reservation-reader.ts";

export interface ReservationOptions {
  readonly reader: ReservationReader;
  readonly bundleReader: BundleReader;
  readonly streams: EventStreams;
  readonly tokens: SaleTokens;
  readonly revocations: Pick<Revocations, "isRevoked">;
  readonly now: () => number;
  /** Limits what users ask by a token; requests with a session were counted before. */
  readonly authorizer: Pick<Authorizer, "decide">;
}

interface Asked {
  readonly params: { readonly id: string };
  readonly query: { readonly productID?: string | undefined; readonly token?: string | undefined };
  readonly session: Session | undefined;
  readonly request: Request;
}

/** A token names the user and what it grants. A session names only the user; the query then names the product. */
interface Asker {
  readonly userId: string;
  readonly productId: string | undefined;
  readonly claims: TokenClaims | undefined;
  /** The session, or that of the token. */
  readonly mark: SessionMark | undefined;
}

type Look = () => Promise<ReservationReading>;

interface Allowed {
  readonly userId: string;
  readonly isRevoked: () => boolean;
  readonly look: Look;
}

export function mountReservations(app: GatewayApp, mount: MountOptions, options: ReservationOptions): void {
  const { reader, bundleReader, streams, tokens, authorizer, revocations } = options;

  function claimsOf(token: string | undefined): TokenClaims | undefined {
    const claims = token === undefined ? undefined : tokens.read(token);
    if (claims === undefined || typeof claims === "string") return undefined;
    // A revocation is kept until then, even if the sale was prolonged.
    return options.now() < claims.expiresAtMs + knownAfterEndMs ? claims : undefined;
  }

  function askerOf({ params, query, session, request }: Asked): Asker | undefined {
    const explicit = bearerToken(request.headers) ?? query.token;
    if (explicit !== undefined || session === undefined) {
      const claims = claimsOf(explicit ?? cookieValue(request.headers, tokenCookieName));
      return claims && { userId: claims.userId, productId: claims.productId, claims, mark: claims.mark };
    }
    // Only the token says what a bundle consists of that is not in the ledger yet.
    const claims = isBundle(params.id) ? claimsOf(cookieValue(request.headers, tokenCookieName)) : undefined;
    return { userId: session.userId, productId: query.productID, claims, mark: session.mark };
  }

  /** Refused without a good token or session, and to a user who asks too often. */
  async function allow(
    asked: Asked,
  ): Promise<Allowed | Refusal<"session_required" | "token_revoked" | "limited" | "overloaded">> {
    const { id } = asked.params;
    const asker = askerOf(asked);
    if (asker === undefined) return { failure: "session_required" };
    const { userId } = asker;
    const isRevoked = (): boolean => revocations.isRevoked(userId, asker.mark);
    if (isRevoked()) return { failure: "token_revoked" };
    if (userId !== asked.session?.userId) {
      const refusal = refusalOf(await authorizer.decide({ kind: "api", userId }));
      if (refusal !== undefined) return refusal;
    }
    if (!isBundle(id)) return { userId, isRevoked, look: () => reader.read(id, asker) };
    return { userId, isRevoked, look: () => bundleReader.read(id, { userId, claims: claimsOfBundle(id, asker) }) };
  }

  mountEndpoint(app, readReservation, mount, async (asked) => {
    const allowed = await allow(asked);
    return "failure" in allowed ? allowed : allowed.look();
  });

  mountEndpoint(app, watchReservation, mount, async (asked) => {
    const allowed = await allow(asked);
    if ("failure" in allowed) return allowed;
    const { userId, isRevoked, look } = allowed;
    const first = await look();
    if ("failure" in first) return first;
    const lookAgain = async (): Promise<Reservation | undefined> => {
      const reading = await look();
      return "failure" in reading ? undefined : reading.ok;
    };
    const { signal } = asked.request;
    const stream = streams.watch({
      ...{ userId, isRevoked, first: first.ok, look: lookAgain, signal },
      isNews: (told, now) => told.status !== now.status,
      isFinal: ({ status }) => isFinal(status),
    });
    return answerWith(stream);
  });
}

/** The token's claims if it is the token of this very bundle and of the user who asks. */
function claimsOfBundle(bundleId: string, { userId, claims }: Asker): BundleTokenClaims | undefined {
  if (claims?.parts === undefined || claims.reservationId !== bundleId || claims.userId !== userId) return undefined;
  return claims;
}
