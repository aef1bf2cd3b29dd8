import { defineSampler, type HostSampler, ParameterError } from '@tokenwright/core';
import {
  checkOptionNames,
  checkTokens,
  customOption,
  type OptionsOf,
  type OptionValues,
} from '@tokenwright/core/options';
import { type Bias, biased, biasToJson, checkBias } from '../shared/bias.ts';
import { isBegun, refuseOutside, type SequenceNeeds } from '../shared/token-ids.ts';

/** A sequence of tokens, and the amount added to the logit of its last one. */
export interface BiasedSequence {
  readonly tokens: readonly number[];
  readonly bias: Bias;
}

const options = {
  /** Sequences and their biases; '-Infinity' or -Infinity forbids a sequence. At least one. */
  sequences: customOption<readonly BiasedSequence[]>({
    kind: 'json',
    suggested: [{ tokens: [1, 2], bias: 2 }],
    help: "Sequences of tokens and their biases; '-Infinity' forbids a sequence",
    allowed: 'a list of at least one sequence',
    check(owner, name, value) {
      if (!Array.isArray(value) || value.length === 0)
        throw new ParameterError(owner, name, 'a list of at least one sequence', value);
      return Array.from(value, (sequence: unknown, at) => {
        const place = `${name}[${at}]`;
        if (typeof sequence !== 'object' || sequence === null)
          throw new ParameterError(owner, place, 'an object of tokens and bias', sequence);
        checkOptionNames(`${owner}: ${place}`, sequence, ['tokens', 'bias']);
        const { tokens, bias } = sequence as Partial<BiasedSequence>;
        return {
          tokens: [...checkTokens(owner, `${place}.tokens`, tokens, 1)],
          bias: checkBias(owner, `${place}.bias`, bias),
        };
      });
    },
    toJson: (sequences) => sequences.map(({ tokens, bias }) => ({ tokens, bias: biasToJson(bias) })),
  }),
};

export type SequenceBiasOptions = OptionsOf<typeof options>;

/**
 * When the text ends with all but the last token of a sequence, add its bias to the logit of that last token. A sequence of
 * one token always applies. Biases of sequences that apply together add up.
 *
 * Removed tokens stay removed. An id outside the vocabulary is an error when the stage is applied.
 *
 * Example: text 5 3, logits [0, 0, 0, 0, 0], sequences [{ tokens: [3, 4], bias: 2 }]: [0, 0, 0, 0, 2].
 *
 * @see Hugging Face, `sequence_bias`
 * @example
 * ```ts
 * sequenceBias({ sequences: [{ tokens: [3, 4], bias: -2 }] });
 * ```
 */
export const sequenceBias = defineSampler({
  name: 'sequence-bias',
  summary: 'Add amounts to the tokens that would complete given sequences',
  source: 'Hugging Face, sequence_bias',
  kind: 'bias',
  options,
  create: (values) => sequenceBiasForm(values, 'beginning'),
});

export function sequenceBiasForm(
  { sequences }: OptionValues<typeof options>,
  needs: SequenceNeeds,
): Omit<HostSampler, 'name'> {
  const biases = sequences.map(({ tokens, bias }) => ({ tokens, last: tokens.at(-1)!, bias: Number(bias) }));
  const ids = new Set(sequences.flatMap(({ tokens }) => tokens));
  return {
    // Removing tokens by id is what a constraint does.
    ...(biases.some(({ bias }) => bias === -Infinity) ? { kind: 'constraint' as const } : {}),
    traits: { narrows: true },
    onHost(logits, { history }) {
      refuseOutside('sequenceBias', 'sequences', ids, logits.length);
      for (const { tokens, last, bias } of biases)
        if (isBegun(history.tokens, tokens, needs)) logits[last] = biased(logits[last]!, bias);
    },
  };
}
