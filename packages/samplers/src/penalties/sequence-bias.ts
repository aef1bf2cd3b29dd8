import { defineSampler, type HostSampler, ParameterError } from '@tokenwright/core';
import {
  checkList,
  checkTokens,
  customOption,
  isPlainObject,
  type OptionsOf,
  type OptionValues,
  readOptions,
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
      const item = (sequence: unknown, at: number): BiasedSequence => {
        const place = `${name}[${at}]`;
        if (!isPlainObject(sequence)) throw new ParameterError(owner, place, 'an object of tokens and bias', sequence);
        const read = readOptions(`${owner}: ${place}`, sequence as Partial<BiasedSequence>, ['tokens', 'bias']);
        return {
          tokens: [...checkTokens(owner, `${place}.tokens`, read.tokens, 1)],
          bias: checkBias(owner, `${place}.bias`, read.bias),
        };
      };
      return checkList(owner, name, value, 'a list of at least one sequence', { least: 1, item });
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
