import type { Services } from "../dispatch/context.ts";
import { OwnExpiry } from "./own-expiry.ts";
import { goodReplicas, readOnly, staleData } from "./replication-checks.ts";

export interface RoleChecksOptions {
  readonly server: Services;
  /** Replicas that are in touch. */
  readonly goodReplicas: () => number;
  /** Whether the primary is connected; undefined on a primary. */
  readonly isConnected: () => boolean | undefined;
}

/** Installs the checks that the role of the server and its directives ask for, and no others: they cost nothing then. */
export class RoleChecks {
  readonly #options: RoleChecksOptions;
  readonly #ownExpiry: OwnExpiry;
  #uninstall: (() => void)[] = [];

  constructor(options: RoleChecksOptions) {
    this.#options = options;
    this.#ownExpiry = new OwnExpiry(options.server);
    const { settings } = options.server;
    for (const name of ["replica-read-only", "replica-serve-stale-data", "min-replicas-to-write"] as const) {
      settings.onChange(name, () => this.update());
    }
  }

  /** Must be called several times a second, between two turns. */
  tick(): void {
    this.#ownExpiry.run();
  }

  /** All data comes from the primary now. */
  dataReplaced(): void {
    this.#ownExpiry.forget();
  }

  /** Must be called when the role changes. */
  update(): void {
    for (const uninstall of this.#uninstall) uninstall();
    const { isConnected, server } = this.#options;
    const { checks, execution, keyspace, memoryLimit, settings } = server;
    const { values } = settings;
    this.#uninstall = [];
    const isReplica = isConnected() !== undefined;
    const isReadOnly = isReplica && values["replica-read-only"];
    if (isReadOnly) this.#uninstall.push(checks.install(readOnly(), "data"));
    if (isReplica && !values["replica-serve-stale-data"]) {
      this.#uninstall.push(
        checks.install(
          staleData(() => isConnected() === true),
          "arrival",
        ),
      );
    }
    if (!isReplica && values["min-replicas-to-write"] > 0 && values["min-replicas-max-lag"] > 0) {
      this.#uninstall.push(checks.install(goodReplicas(server, this.#options.goodReplicas), "data"));
    }
    // Where clients may write, an expired key must make room for the new one.
    keyspace.removesExpired = !isReadOnly;
    if (isReplica && !isReadOnly) this.#uninstall.push(this.#ownExpiry.begin());
    execution.followPrimary(isReplica);
    memoryLimit.update();
  }
}
