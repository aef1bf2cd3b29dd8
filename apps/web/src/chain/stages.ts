import { samplers } from 'virtual:catalog';
import type { SamplerDescription } from '@tokenwright/samplers';
import { type ParameterSpec, parameterSpecs } from '../options/parameters.ts';

/** A sampler as the page offers it. */
export interface StageSpec {
  /** As in the registry of `@tokenwright/samplers`. */
  readonly name: string;
  readonly group: StageGroup;
  readonly help: string;
  readonly parameters: readonly ParameterSpec[];
}

const groupOf = {
  shaping: 'Shape',
  filter: 'Filter',
  controller: 'Control',
  penalty: 'Penalize',
  bias: 'Bias',
  constraint: 'Constrain',
  watermark: 'Watermark',
  repair: 'Repair',
} as const satisfies Readonly<Record<SamplerDescription['kind'], string>>;

export type StageGroup = (typeof groupOf)[SamplerDescription['kind']] | 'Your own';

/** In the order in which the page offers them. */
export const stageGroups: readonly StageGroup[] = [...Object.values(groupOf), 'Your own'];

/** The stages of described samplers. A sampler with a required option that only code can give is left out. */
export function stageSpecsOf(descriptions: readonly SamplerDescription[]): readonly StageSpec[] {
  return descriptions
    .filter(({ options }) => !options.some(({ kind, required }) => kind === 'code' && required))
    .map(({ name, kind, summary, options }) => ({
      name,
      group: groupOf[kind],
      help: summary,
      parameters: parameterSpecs(options),
    }));
}

/** Every sampler that the page can put in a chain. */
export const stageSpecs: readonly StageSpec[] = [
  ...stageSpecsOf(samplers),
  { name: 'custom', group: 'Your own', help: 'The sampler that you write under “Your sampler”', parameters: [] },
];

const byName: ReadonlyMap<string, StageSpec> = new Map(stageSpecs.map((spec) => [spec.name, spec]));

export function stageSpec(name: string): StageSpec | undefined {
  return byName.get(name);
}
