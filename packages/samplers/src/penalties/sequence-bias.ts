import { type HostSampler, ParameterError } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { checkIds, checkNeeds, isBegun, refuseOutside, type SequenceNeeds } from '../shared/token-ids.ts';
import { type Bias, biased, biasToJson, checkBias } from './token-bias.ts';

export interface SequenceBiasOptions {
  /** Sequences of tokens, each with what is added to its last token's logit. */
  readonly sequences: readonly { readonly tokens: readonly number[]; readonly bias: Bias }[];
  /**
   * How long the text must be: as the beginning of a sequence, or as the whole sequence, as in Hugging Face, where a sequence
   * whose beginning is the whole text does not apply. Default `'beginning'`.
   */
  readonly needs?: SequenceNeeds;
}

/**
 * When the text ends with all but the last token of a sequence, add its bias to that last token's logit (Hugging Face
 * `sequence_bias`). A sequence of one token always applies. Biases of sequences that apply at once add up.
 *
 * Removed tokens stay removed. An id outside the vocabulary is an error when the stage is applied.
 *
 * Example: text 5 3, logits [0, 0, 0, 0, 0], sequences [{ tokens: [3, 4], bias: 2 }]: [0, 0, 0, 0, 2].
 */
export function sequenceBias(options: SequenceBiasOptions): HostSampler {
  checkOptionNames('sequenceBias', options, ['sequences', 'needs']);
  const needs = checkNeeds('sequenceBias', options.needs);
  if (!Array.isArray(options.sequences) || options.sequences.length === 0)
    throw new ParameterError('sequenceBias', 'sequences', 'a list of at least one sequence', options.sequences);
  const sequences = options.sequences.map((sequence, i) => {
    const at = `sequences[${i}]`;
    if (typeof sequence !== 'object' || sequence === null)
      throw new ParameterError('sequenceBias', at, 'an object of tokens and bias', sequence);
    checkOptionNames(`sequenceBias: ${at}`, sequence, ['tokens', 'bias']);
    const tokens = checkIds('sequenceBias', `${at}.tokens`, sequence.tokens);
    return { tokens, last: tokens.at(-1)!, bias: checkBias('sequenceBias', `${at}.bias`, sequence.bias) };
  });
  const ids = new Set(sequences.flatMap(({ tokens }) => tokens));
  return {
    name: 'sequence-bias',
    parameters: { sequences: sequences.map(({ tokens, bias }) => ({ tokens, bias: biasToJson(bias) })), needs },
    kind: sequences.some(({ bias }) => bias === -Infinity) ? 'constraint' : 'bias',
    traits: {
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, { history }) => {
      refuseOutside('sequenceBias', 'sequences', ids, logits.length);
      for (const { tokens, last, bias } of sequences)
        if (isBegun(history.tokens, tokens, needs)) logits[last] = biased(logits[last]!, bias);
    },
  };
}
