import type { Json, Sampler } from '@tokenwright/core';
import { checkSamplers } from '@tokenwright/core/options';
import { parametersOf, printSampler, printValue } from './print-chain.ts';

/** One line of the comparison, in the order of the chains. */
export type ChainDifference =
  | { readonly change: 'same'; readonly stage: string; readonly before: Sampler; readonly after: Sampler }
  | { readonly change: 'removed'; readonly stage: string; readonly before: Sampler }
  | { readonly change: 'added'; readonly stage: string; readonly after: Sampler }
  | {
      readonly change: 'changed';
      readonly stage: string;
      readonly before: Sampler;
      readonly after: Sampler;
      /** The parameters that differ. */
      readonly parameters: readonly ParameterDifference[];
    };

/** A parameter that differs; undefined on the side that lacks it. */
export interface ParameterDifference {
  readonly name: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/**
 * Compare two chains stage by stage. Stages of the same name are matched as far as their order allows (the longest common
 * sequence of names); a stage that moved is removed in one place and added in another.
 *
 * @example
 * ```ts
 * printDifferences(diffChains(huggingFace(), llamaCpp()));
 * ```
 */
export function diffChains(first: readonly Sampler[], second: readonly Sampler[]): ChainDifference[] {
  const before = checkSamplers('diffChains', 'first', first);
  const after = checkSamplers('diffChains', 'second', second);
  // common[i][j]: how many names the rests from i and j share in order.
  const common = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i]![j] =
        before[i]!.name === after[j]!.name
          ? common[i + 1]![j + 1]! + 1
          : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);

  const differences: ChainDifference[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const left = before[i];
    const right = after[j];
    if (left !== undefined && right !== undefined && left.name === right.name) {
      differences.push(compare(left, right));
      i++;
      j++;
    } else if (right === undefined || (left !== undefined && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      differences.push({ change: 'removed', stage: left!.name, before: left! });
      i++;
    } else {
      differences.push({ change: 'added', stage: right.name, after: right });
      j++;
    }
  }
  return differences;
}

/** The comparison as text, one stage per line: `  same`, `- removed`, `+ added`, `~ changed (p 0.9 -> 0.95)`. */
export function printDifferences(differences: readonly ChainDifference[]): string {
  return differences
    .map((difference) => {
      if (difference.change === 'removed') return `- ${printSampler(difference.before)}`;
      if (difference.change === 'added') return `+ ${printSampler(difference.after)}`;
      if (difference.change === 'same') return `  ${printSampler(difference.after)}`;
      const show = (value: Json | undefined): string => (value === undefined ? 'none' : printValue(value));
      const changes = difference.parameters.map(
        ({ name, before, after }) => `${name} ${show(before)} -> ${show(after)}`,
      );
      return `~ ${difference.stage} (${changes.join(', ')})`;
    })
    .join('\n');
}

function compare(before: Sampler, after: Sampler): ChainDifference {
  const left = new Map(parametersOf(before.parameters));
  const right = new Map(parametersOf(after.parameters));
  const parameters = [...new Set([...left.keys(), ...right.keys()])]
    .map((name) => ({ name, before: left.get(name), after: right.get(name) }))
    .filter((pair) => JSON.stringify(pair.before) !== JSON.stringify(pair.after));
  return parameters.length === 0
    ? { change: 'same', stage: before.name, before, after }
    : { change: 'changed', stage: before.name, before, after, parameters };
}
