import type { Services } from "../../dispatch/context.ts";
import { allPeersOf, plannedChange } from "../agreement/leadership.ts";
import type { ChangeOutcome, RingRequest } from "../agreement/ring-change.ts";
import type { Member } from "../agreement/ring-member.ts";
import type { LinkEvents } from "../link/link-events.ts";
import type { OutgoingLinks } from "../link/outgoing-links.ts";
import type { Members } from "../members.ts";
import { peerRequestKinds } from "../peer-channel.ts";
import { firstSlots } from "./first-slots.ts";
import type { RingAgent } from "./ring-agent.ts";
import {
  decodeAnswer,
  decodeRequest,
  encodeJson,
  type OperatorAnswer,
  type OperatorRequest,
} from "./ring-request-codec.ts";
import { ringStatus } from "./ring-status.ts";

export interface RingOperatorsOptions {
  readonly server: Pick<Services, "environment">;
  readonly members: Members;
  readonly events: LinkEvents;
  readonly outgoing: Pick<OutgoingLinks, "links" | "meet">;
  readonly nodeTimeoutMs: number;
  readonly agent: () => RingAgent;
}

/** The leader is asked again so often while it has something else to do, or while there is none. */
const repeatMs = 50;

interface Begun {
  readonly term: number;
  readonly version: number;
  readonly answered: () => void;
  readonly lost: () => void;
}

const refused = (reason: string): OperatorAnswer => ({ type: "refused", reason });

const lost = refused("another leader was elected meanwhile: ask for the status of the ring, and try it again");

/** What operators want of the ring: any member takes it, and the leader carries it out. */
export class RingOperators {
  readonly #options: RingOperatorsOptions;
  #outcomes: ChangeOutcome[] = [];
  /** Changes that this leader has proposed, and that are not committed yet. */
  #begun: readonly Begun[] = [];

  constructor(options: RingOperatorsOptions) {
    this.#options = options;
    const { events } = options;
    events.onRequest(peerRequestKinds.ring, ({ payload, answer }) => {
      const request = decodeRequest(payload);
      if (request === undefined) answer(encodeJson(refused("the request is not understood")));
      else this.#carryOut(request, (given) => answer(encodeJson(given)));
    });
  }

  get #member(): Member {
    return this.#options.agent().member;
  }

  /** The agreement says what has become of a request. */
  changed(outcome: ChangeOutcome): void {
    this.#outcomes.push(outcome);
  }

  /** To be called at each heartbeat. */
  tick(): void {
    const request = firstSlots(this.#member);
    if (request !== undefined) this.#options.agent().take({ type: "change", request });
  }

  /** Asks the leader, which may be this node. `answered` is called once, later: never with "busy". */
  ask(request: OperatorRequest, answered: (answer: OperatorAnswer) => void): void {
    const { nodeTimeoutMs, server } = this.#options;
    const untilMs = server.environment.monotonicMs() + 2 * nodeTimeoutMs;
    const attempt = (): void =>
      this.#askLeader(request, (answer, mayRepeat) => {
        if (!mayRepeat) answered(answer);
        else if (server.environment.monotonicMs() < untilMs) setTimeout(attempt, repeatMs).unref();
        else answered(answer.type === "busy" ? refused("the ring is busy with another change: try it again") : answer);
      });
    setImmediate(attempt);
  }

  #askLeader(request: OperatorRequest, answered: (answer: OperatorAnswer, mayRepeat: boolean) => void): void {
    const { members, nodeTimeoutMs, outgoing } = this.#options;
    const { leader, role } = this.#member;
    if (role.type === "leader") {
      return this.#carryOut(request, (answer) => answered(answer, answer.type === "busy"));
    }
    if (members.isOutside) {
      const others = members.seats.join(", ") || "a member of one";
      return answered(refused(`this node is no member of a ring: ask ${others}`), false);
    }
    const link = outgoing.links[members.names.indexOf(leader ?? "")];
    if (link === undefined) return answered(refused("no leader is known: a majority of the voters must answer"), true);
    link.ask(
      peerRequestKinds.ring,
      encodeJson(request),
      (bytes, failure) => {
        const answer = bytes === undefined ? undefined : decodeAnswer(bytes);
        if (answer !== undefined) answered(answer, answer.type === "busy");
        // It may have been carried out.
        else
          answered(
            refused(`the leader, ${leader}, does not answer: ask for the status of the ring`),
            failure === "refused",
          );
      },
      // The leader may have to hear a new node first.
      2 * nodeTimeoutMs,
    );
  }

  /** Asks this node, which has to be the leader. */
  #change(request: RingRequest): ChangeOutcome {
    this.#outcomes = [];
    this.#options.agent().take({ type: "change", request });
    return this.#outcomes.pop() ?? { type: "busy" };
  }

  /** As the leader. */
  #carryOut(request: OperatorRequest, answered: (answer: OperatorAnswer) => void): void {
    const member = this.#member;
    if (member.role.type !== "leader") {
      return answered(refused(`the leader of the ring is ${member.leader ?? "not known"}`));
    }
    if (request.type === "status") {
      const peers = allPeersOf(member, this.#options.server.environment.monotonicMs());
      return answered({ type: "status", status: ringStatus(member, peers) });
    }
    const { request: wanted } = request;
    const change = plannedChange(member, wanted, this.#options.server.environment.monotonicMs());
    if (request.isDryRun) return answered(change.type === "planned" ? { type: "planned", plan: change.plan } : change);
    if (change.type === "refused") return this.#begin(wanted, answered);
    this.#meetAll(this.#newNodes(wanted), (refusal) => {
      if (refusal === undefined) this.#begin(wanted, answered);
      else answered(refused(refusal));
    });
  }

  #newNodes(request: RingRequest): readonly string[] {
    const { members } = this.#options;
    if (request.type === "join") return request.nodes;
    return request.type === "replicate" && !members.has(request.node) ? [request.node] : [];
  }

  /** A node that never answers would wait for good, and so would an address that is another name of a member. */
  #meetAll([node, ...others]: readonly string[], told: (refusal: string | undefined) => void): void {
    if (node === undefined) return told(undefined);
    const { nodeTimeoutMs, outgoing } = this.#options;
    outgoing.meet(node, nodeTimeoutMs, (refusal) => {
      if (refusal === undefined) this.#meetAll(others, told);
      else told(refusal);
    });
  }

  #begin(request: RingRequest, answered: (answer: OperatorAnswer) => void): void {
    const outcome = this.#change(request);
    if (outcome.type !== "begun") return answered(outcome);
    const text = `an operator has changed the ring: ${JSON.stringify(request)}`;
    this.#options.server.environment.report("notice", text);
    const { term, table } = this.#member.durable.stored;
    const begun = { answered: () => answered(outcome), lost: () => answered(lost) };
    this.#begun = [...this.#begun, { term, version: table.version, ...begun }];
    this.look();
  }

  /** Answers those whose change is committed by now. To be called when something has happened to the member. */
  look(): void {
    if (this.#begun.length === 0) return;
    const { committed, durable } = this.#member;
    const isCommitted = ({ version }: Begun): boolean => (committed?.version ?? 0) >= version;
    const isLost = ({ term }: Begun): boolean => durable.term !== term;
    const ready = this.#begun.filter((begun) => isCommitted(begun) || isLost(begun));
    this.#begun = this.#begun.filter((begun) => !ready.includes(begun));
    for (const begun of ready) (isLost(begun) ? begun.lost : begun.answered)();
  }
}
