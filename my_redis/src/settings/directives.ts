import type { Directive, ValueOf } from "./directive.ts";
import { memoryDirectives } from "./directives/memory.ts";
import { networkDirectives } from "./directives/network.ts";
import { nodeDirectives } from "./directives/nodes.ts";
import { operationDirectives } from "./directives/operation.ts";
import { persistenceDirectives } from "./directives/persistence.ts";
import { tlsDirectives } from "./directives/tls.ts";

/** Every directive of redis.conf, by its name. */
export const directives = {
  ...networkDirectives,
  ...persistenceDirectives,
  ...memoryDirectives,
  ...operationDirectives,
  ...nodeDirectives,
  ...tlsDirectives,
};

export type DirectiveName = keyof typeof directives;

/** The values of all directives, by their Redis names. */
export type SettingValues = { -readonly [Name in DirectiveName]: ValueOf<(typeof directives)[Name]> };

/**
 * Directives as a program passes them: each as a value of its type, or as text in the form of redis.conf.
 * undefined stands for the default.
 */
export type GivenDirectives = {
  readonly [Name in DirectiveName]?:
    | SettingValues[Name]
    | (SettingValues[Name] extends string ? never : string)
    | undefined;
};

export const directiveNames = Object.keys(directives) as readonly DirectiveName[];

/** A directive, for callers to which the type of its value does not matter. */
export const directiveOf = (name: DirectiveName): Directive<unknown> => directives[name];

const byAnyName = new Map<string, DirectiveName>();
for (const name of directiveNames) {
  byAnyName.set(name, name);
  const { alias } = directiveOf(name);
  if (alias !== undefined) byAnyName.set(alias, name);
}

/** The directive of this name or alias, in any case. */
export const findDirective = (name: string): DirectiveName | undefined => byAnyName.get(name.toLowerCase());

/** All names and aliases of directives. */
export const allNames = (): IterableIterator<string> => byAnyName.keys();
