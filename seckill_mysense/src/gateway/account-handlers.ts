import type { Authorizer } from "../authorization/authorizer.ts";
import type { Invitations } from "../authorization/invitations.ts";
import type { PasswordHasher } from "../authorization/password-hasher.ts";
import type { Revocations } from "../authorization/revocations.ts";
import { type Session, sessionCookieName, type Sessions } from "../authorization/sessions.ts";
import type { SaleTokens } from "../authorization/sale-token.ts";
import {
  createSession,
  deleteSession,
  deleteSessions,
  readSession,
  readWorkChallenge,
  registerUser,
  type SessionUser,
} from "../contract/accounts.ts";
import type { SessionMark } from "../domain/session-mark.ts";
import { maxNameKeyLength, nameKey, type RegisteredUser } from "../domain/user.ts";
import type { LedgerUsers } from "../ledger/users.ts";
import { tokenCookieName } from "./check.ts";
import type { RegistrationWork } from "./registration-work.ts";
import type { RiskyTry, StepUp } from "./step-up.ts";
import type { RevocationFollower } from "./revocation-follower.ts";
import { cookieValue } from "./request-fields.ts";
import { roomPassCookieName } from "./room-visitors.ts";
import {
  type GatewayApp,
  mountEndpoint,
  type MountOptions,
  type Refusal,
  refusalOf,
  type Success,
} from "./mount-endpoint.ts";

export interface AccountOptions {
  readonly users: LedgerUsers;
  readonly sessions: Sessions;
  readonly tokens: Pick<SaleTokens, "read">;
  readonly revocations: Pick<Revocations, "isRevoked">;
  readonly revoker: Pick<RevocationFollower, "revokeSession" | "revokeUser">;
  readonly hasher: PasswordHasher;
  readonly invitations: Pick<Invitations, "read">;
  /** Whether nobody registers without an invitation. */
  readonly isByInvitation: boolean;
  /** Undefined: who registers has nothing to compute before. */
  readonly work: RegistrationWork | undefined;
  /** Undefined: no login costs work, whatever the risk. */
  readonly stepUp: StepUp | undefined;
  /** Tries per name: slows down guessing one user's password. */
  readonly authorizer: Authorizer;
  /** Cookies only over TLS: for systems behind a proxy that speaks it. */
  readonly secureCookies: boolean;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function mountAccounts(app: GatewayApp, mount: MountOptions, options: AccountOptions): void {
  const { users, sessions, hasher, now } = options;
  const cookieAttributes = cookieAttributesOf(options);

  /** Token and place may be those of another user, who was logged in before. */
  function logIn(
    user: Pick<RegisteredUser, "id" | "name" | "sessionEpoch" | "personId">,
    status: number,
  ): Success<SessionUser> {
    const { session, cookie } = sessions.open(user, now());
    const maxAgeSeconds = Math.floor((session.expiresAtMs - now()) / 1000);
    const setCookie = `${sessionCookieName}=${cookie}; Max-Age=${maxAgeSeconds}${cookieAttributes}`;
    return {
      ok: toSessionUser(session),
      status,
      cookies: [setCookie, ...endedCookies(options, tokenCookieName, roomPassCookieName)],
    };
  }

  mountEndpoint(app, registerUser, mount, async ({ body, address }) => {
    // Before the password is hashed, so that a try without an invitation costs next to nothing.
    const person = personOf(body.invitation, options);
    if ("failure" in person) return person;
    const refused = "personId" in person ? undefined : await options.work?.check(body.work, body.name, address);
    if (refused !== undefined) return refused;
    const user = {
      ...person,
      id: Bun.randomUUIDv7("base64url"),
      name: body.name,
      passwordHash: await hasher.hash(body.password),
      createdAtMs: now(),
    };
    const outcome = await users.create(user);
    if (outcome === "taken") return { failure: "name_taken" };
    if (outcome === "person_taken") return { failure: outcome };
    if (!("personId" in person)) options.work?.count(address);
    await options.stepUp?.usesAccount(address, user.id);
    return logIn({ ...user, sessionEpoch: 0 }, 201);
  });

  mountEndpoint(app, readWorkChallenge, mount, async ({ query, address }) => {
    const challenge =
      query.action === "login"
        ? options.stepUp?.challenge(loginOf(nameKey(query.name), address))
        : options.work?.challenge(query.name, address);
    return { ok: (await challenge) ?? null };
  });

  mountEndpoint(app, createSession, mount, async ({ body, address }) => {
    const key = nameKey(body.name);
    // No account has such a key.
    if (key === "" || key.length > maxNameKeyLength) return { failure: "wrong_credentials" };
    const login = loginOf(key, address);
    // Before the tries of the name: who does not do the work uses up none of them.
    const refused = await options.stepUp?.check(login, body.work);
    if (refused !== undefined) return refused;
    const refusal = refusalOf(await options.authorizer.decide({ kind: "login", userId: key }));
    if (refusal !== undefined) return refusal;
    const user = await users.findByName(body.name);
    const isRight = await hasher.verify(body.password, user?.passwordHash);
    if (user === undefined || !isRight) {
      await options.stepUp?.failed(login);
      return { failure: "wrong_credentials" };
    }
    await options.stepUp?.usesAccount(address, user.id);
    return logIn(user, 200);
  });

  mountEndpoint(app, readSession, mount, ({ session }) => ({
    ok: session === undefined ? null : toSessionUser(session),
  }));

  mountLogOuts(app, mount, options);
}

function mountLogOuts(app: GatewayApp, mount: MountOptions, options: AccountOptions): void {
  const { revocations, revoker, tokens } = options;
  const noSession = {
    ok: null,
    cookies: endedCookies(options, sessionCookieName, tokenCookieName, roomPassCookieName),
  };

  /** A session of an earlier version has no id, so it ends together with all others of its user. */
  async function revoke({ userId, mark, expiresAtMs }: Revocable): Promise<void> {
    if (revocations.isRevoked(userId, mark)) return;
    if (mark === undefined) await revoker.revokeUser(userId, "everywhere");
    else await revoker.revokeSession({ userId, sessionId: mark.sessionId, expiresAtMs });
  }

  mountEndpoint(app, deleteSession, mount, async ({ session, request }) => {
    if (session !== undefined) await revoke(session);
    // The token may be of another session than the cookie's: nobody buys with this browser's cookies any more.
    const token = cookieValue(request.headers, tokenCookieName);
    const claims = token === undefined ? undefined : tokens.read(token);
    if (typeof claims === "object" && claims.mark !== undefined) await revoke(claims);
    return noSession;
  });

  mountEndpoint(app, deleteSessions, mount, async ({ session }) => {
    await revoker.revokeUser(session.userId, "everywhere");
    return noSession;
  });
}

const cookieAttributesOf = ({ secureCookies }: AccountOptions): string =>
  `; Path=/; HttpOnly; SameSite=Lax${secureCookies ? "; Secure" : ""}`;

/** So that the browser's next user finds nothing in them. */
const endedCookies = (options: AccountOptions, ...names: readonly string[]): string[] =>
  names.map((name) => `${name}=; Max-Age=0${cookieAttributesOf(options)}`);

/** Who registers. An invitation counts also where none is needed: a shop can invite before it insists. */
function personOf(
  invitation: string | undefined,
  { invitations, isByInvitation, now }: AccountOptions,
): { readonly personId?: string } | Refusal<"invitation_required" | "invitation_invalid"> {
  if (invitation === undefined) return isByInvitation ? { failure: "invitation_required" } : {};
  const read = invitations.read(invitation, now());
  return read === undefined ? { failure: "invitation_invalid" } : { personId: read.personId };
}

const loginOf = (key: string, address: string): RiskyTry => ({ action: "login", subject: key, address });

/** A session, or a token of one. */
interface Revocable {
  readonly userId: string;
  readonly mark?: SessionMark | undefined;
  readonly expiresAtMs: number;
}

function toSessionUser(session: Session): SessionUser {
  return { userID: session.userId, name: session.name, expiresAtMs: session.expiresAtMs };
}
