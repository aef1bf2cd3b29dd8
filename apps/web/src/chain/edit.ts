import type { Json } from '@tokenwright/core';
import type { Stage } from '../settings.ts';
import { stageSpec } from './stages.ts';

/** A chain that is edited: each function gives a new one. Places are indices in the list. */
export type Chain = readonly Stage[];

/** A stage with the values with which it begins. */
export function newStage(name: string): Stage {
  const parameters = stageSpec(name)?.parameters ?? [];
  // A value that is the library's default need not be said.
  const named = parameters.filter(({ kind }) => kind !== 'choice' && kind !== 'toggle');
  return { name, on: true, parameters: Object.fromEntries(named.map((spec) => [spec.name, spec.initial])) };
}

export function add(chain: Chain, name: string): Chain {
  return [...chain, newStage(name)];
}

export function remove(chain: Chain, place: number): Chain {
  return chain.filter((_, index) => index !== place);
}

/** Take a stage out and put it in so that it stands at `to`; a place outside the list is its nearest end. */
export function move(chain: Chain, from: number, to: number): Chain {
  const rest = remove(chain, from);
  const stage = chain[from];
  if (stage === undefined) return chain;
  const place = Math.max(0, Math.min(rest.length, to));
  return [...rest.slice(0, place), stage, ...rest.slice(place)];
}

export function toggle(chain: Chain, place: number): Chain {
  return chain.map((stage, index) => (index === place ? { ...stage, on: !stage.on } : stage));
}

export function setParameter(chain: Chain, place: number, name: string, value: Json): Chain {
  return chain.map((stage, index) =>
    index === place ? { ...stage, parameters: { ...stage.parameters, [name]: value } } : stage,
  );
}

/** A name for each stage that it keeps while the chain is reordered: stages of one name are counted. */
export function stageKeys(chain: Chain): string[] {
  const seen = new Map<string, number>();
  return chain.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return `${name} ${count}`;
  });
}
