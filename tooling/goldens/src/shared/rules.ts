import type { LanguageModel } from '@tokenwright/core';
import { find } from './factory.ts';

/** The part of a rule of @tokenwright/contrastive that weighs rows of logits. */
export interface RowRule {
  combine(
    expert: Float32Array,
    others: readonly { readonly logits: Float32Array; readonly weight: number }[],
  ): Float32Array;
}

/** Make a rule. @throws Skip when there is no factory of that name. */
export function rule(name: string, options: object): RowRule {
  return find<RowRule>('rule', name)(options);
}

/** Weigh one row of logits against another. */
export function weigh(by: RowRule, expert: Float32Array, other: Float32Array): Float32Array {
  return by.combine(expert, [{ logits: other, weight: 1 }]);
}

/** Several sources as one model. */
export function combined(options: {
  readonly expert: LanguageModel;
  readonly others?: readonly object[];
  readonly rule: RowRule;
}): LanguageModel {
  return find<LanguageModel>('model', 'combine')(options);
}
