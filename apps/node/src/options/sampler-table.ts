import { constraints } from './constraint-table.ts';
import { filters } from './filter-table.ts';
import { penalties } from './penalty-table.ts';
import type { SamplerFlag } from './sampler-flag.ts';

/** Headings of the samplers in help texts. */
export const samplerGroups = {
  filters: 'Samplers that choose, applied in the order in which they are written',
  penalties: 'Samplers against repetition (same order)',
  constraints: 'Samplers that forbid, favour or force tokens (same order)',
} as const;

const under = (group: string, flags: readonly SamplerFlag[]): readonly GroupedFlag[] =>
  flags.map((flag) => ({ ...flag, group }));

interface GroupedFlag extends SamplerFlag {
  readonly group: string;
}

/** Every sampler that a flag gives. */
export const samplerTable: readonly GroupedFlag[] = [
  ...under(samplerGroups.filters, filters),
  ...under(samplerGroups.penalties, penalties),
  ...under(samplerGroups.constraints, constraints),
];
