/**
 * Cases that are not run, by name with the reason. Cases that a golden file itself marks as undetermined (ties, sums at a threshold) are
 * not listed here: they run with the rule that applies.
 */
export interface LeftOut {
  /** Path of the file in the folder of the goldens. */
  readonly path: string;
  readonly ids: readonly string[];
  readonly reason: string;
}

export const leftOut: readonly LeftOut[] = [
  {
    path: 'processors/ClassifierFreeGuidanceLogitsProcessor.json',
    ids: [
      'ClassifierFreeGuidanceLogitsProcessor/cfg_v64_b2x2/3#7',
      'ClassifierFreeGuidanceLogitsProcessor/cfg_neginf_v16_b2x3/3#11',
    ],
    reason: 'the class refuses a scale of 1, which here means off',
  },
];

/** Why a case is left out; undefined when it is not. */
export function whyLeftOut(path: string, id: string): string | undefined {
  return leftOut.find((entry) => entry.path === path && entry.ids.includes(id))?.reason;
}
