import type { Authorizer, UserTry, Verdict } from "../authorization/authorizer.ts";
import type { ClientAddress } from "../authorization/client-address.ts";
import type { RateLimiter } from "../authorization/rate-limiter.ts";
import type { CheckAnswers } from "./check-answers.ts";
import type { NodeLimits } from "./node-limits.ts";

/** Bun's way to get the address of the other end of a connection. */
export interface AddressOf {
  requestIP(request: Request): { readonly address: string } | null;
}

export interface CheckAdmissionOptions {
  readonly authorizer: Pick<Authorizer, "decide">;
  readonly perAddress: RateLimiter;
  readonly clientAddress: ClientAddress;
  readonly nodeLimits: NodeLimits;
  readonly answers: CheckAnswers;
  readonly maxBodyBytes: number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: () => number;
}

type Proceed = (verdict: "allowed" | "held") => Response | Promise<Response>;

/** The limits of /check: of bodies, addresses, users, and of the whole gateway. A try counts once, for a bundle too. */
export class CheckAdmission {
  readonly #options: CheckAdmissionOptions;

  constructor(options: CheckAdmissionOptions) {
    this.#options = options;
  }

  /** Bodies have no meaning here and are never read. Refusing large ones early saves the transfer. */
  isBodyTooLarge({ method, headers }: Request): boolean {
    return method === "POST" && Number(headers.get("content-length") ?? 0) > this.#options.maxBodyBytes;
  }

  /** Counts one try of the client's address; returns 0 if it may pass, otherwise the milliseconds until one may. */
  addressWaitMs(request: Request, server: AddressOf): number {
    const { perAddress, clientAddress, elapsedMs } = this.#options;
    if (perAddress.isOff) return 0;
    const peer = server.requestIP(request)?.address ?? "";
    return perAddress.take(clientAddress.keyOf(peer, request.headers), elapsedMs());
  }

  /**
   * Asks whether the user may try, and proceeds if so: synchronously if this gateway owns the user, in one hop if another
   * one does.
   */
  admit(attempt: UserTry, proceed: Proceed): Response | Promise<Response> {
    const { authorizer, nodeLimits, answers } = this.#options;
    if (!nodeLimits.enter()) return answers.turnAway("overloaded");
    const verdict = authorizer.decide(attempt);
    const response =
      verdict instanceof Promise
        ? verdict.then((decided) => this.#follow(decided, proceed))
        : this.#follow(verdict, proceed);
    if (response instanceof Promise) return this.#leaveAfter(response);
    nodeLimits.leave();
    return response;
  }

  async #leaveAfter(response: Promise<Response>): Promise<Response> {
    try {
      return await response;
    } finally {
      this.#options.nodeLimits.leave();
    }
  }

  #follow(verdict: Verdict, proceed: Proceed): Response | Promise<Response> {
    const { answers, nodeLimits, elapsedMs } = this.#options;
    switch (verdict.kind) {
      case "limited":
      case "banned":
        return answers.limited(verdict.kind, verdict.waitMs);
      case "busy":
        return answers.turnAway("overloaded");
      case "held":
        return proceed("held");
      case "allowed":
        return nodeLimits.tryWaitMs(elapsedMs()) > 0 ? answers.turnAway("overloaded") : proceed("allowed");
    }
  }
}
