import type { Json } from '@tokenwright/core';
import { initialValues } from '../options/parameters.ts';
import type { Stage } from '../settings.ts';
import { stageSpec } from './stages.ts';

/** A chain that is edited: each function returns a new one. Places are indices in the list. */
export type Chain = readonly Stage[];

/** A stage with its initial values. */
export function newStage(name: string): Stage {
  return { name, on: true, parameters: initialValues(stageSpec(name)?.parameters ?? []) };
}

export function add(chain: Chain, name: string): Chain {
  return [...chain, newStage(name)];
}

export function remove(chain: Chain, place: number): Chain {
  return chain.filter((_, index) => index !== place);
}

/** Move a stage to the index `to`, clamped to the list. */
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

/** @param value undefined removes the parameter, so that its default applies. */
export function setParameter(chain: Chain, place: number, name: string, value: Json | undefined): Chain {
  return chain.map((stage, index) => {
    if (index !== place) return stage;
    const { [name]: _, ...others } = stage.parameters;
    return { ...stage, parameters: value === undefined ? others : { ...stage.parameters, [name]: value } };
  });
}

/** Keys that stages keep while the chain is reordered: stages with the same name are numbered. */
export function stageKeys(chain: Chain): string[] {
  const seen = new Map<string, number>();
  return chain.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return `${name} ${count}`;
  });
}
