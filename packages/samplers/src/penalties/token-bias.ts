import { defineSampler, ParameterError } from '@tokenwright/core';
import { customOption, isPlainObject, type OptionsOf } from '@tokenwright/core/options';
import type { HostAndDeviceForms } from '@tokenwright/core/sampling';
import { type Bias, biased, biasToJson, checkBias } from '../shared/bias.ts';
import { largestFloat } from '../shared/row.ts';
import { refuseOutside } from '../shared/token-ids.ts';

const options = {
  /** By token id; '-Infinity' or -Infinity removes the token. OpenAI and vLLM limit the values to [-100, 100]. */
  biases: customOption<Readonly<Record<number, Bias>>>({
    kind: 'json',
    suggested: { 1: 2 },
    help: "Amounts by token id; '-Infinity' removes the token",
    allowed: 'an object of token id to bias',
    check(owner, name, value) {
      if (!isPlainObject(value)) throw new ParameterError(owner, name, 'an object of token id to bias', value);
      const entries = Object.entries(value).map(([key, bias]) => {
        const id = Number(key);
        if (!Number.isInteger(id) || id < 0 || String(id) !== key)
          throw new ParameterError(owner, name, 'keyed by token ids', key);
        return [id, checkBias(owner, `${name}[${id}]`, bias)] as const;
      });
      return Object.fromEntries(entries);
    },
    toJson: (biases) => Object.fromEntries(Object.entries(biases).map(([id, bias]) => [id, biasToJson(bias)])),
  }),
};

export type TokenBiasOptions = OptionsOf<typeof options>;

/**
 * l -> l + bias for the listed tokens. 0 is off.
 *
 * Removed tokens stay removed, NaN stays NaN, and no sum exceeds the largest float32. An id outside the vocabulary is an
 * error when the stage is applied.
 *
 * Example: logits [1, 2, 3], biases { 0: 4, 2: -1 }: [5, 2, 2].
 *
 * @see `logit_bias` of the OpenAI interface; llama.cpp, vLLM, web-llm
 * @example
 * ```ts
 * tokenBias({ biases: { 50256: -100, 13: '-Infinity' } });
 * ```
 */
export const tokenBias = defineSampler({
  name: 'token-bias',
  summary: 'Add amounts to the logits of given tokens',
  source: 'OpenAI, logit_bias; llama.cpp, vLLM, web-llm',
  kind: 'bias',
  options,
  create({ biases }): HostAndDeviceForms {
    const entries = Object.entries(biases).map(([id, bias]) => [Number(id), Number(bias)] as const);
    const ids = entries.map(([id]) => id);
    return {
      // Removing tokens by id is what a constraint does.
      ...(entries.some(([, bias]) => bias === -Infinity) ? { kind: 'constraint' as const } : {}),
      traits: { keepsArgMax: entries.every(([, bias]) => bias === 0), narrows: true },
      onHost(logits) {
        refuseOutside('tokenBias', 'biases', ids, logits.length);
        for (const [id, bias] of entries) logits[id] = biased(logits[id]!, bias);
      },
      onDevice(logits, { tf }) {
        const [rows, vocabSize] = logits.shape;
        refuseOutside('tokenBias', 'biases', ids, vocabSize);
        if (entries.length === 0 || rows === 0) return logits;
        const places = tf.tensor2d(
          ids.map((id) => [0, id]),
          undefined,
          'int32',
        );
        const amounts = tf.tensor1d(entries.map(([, bias]) => Math.min(bias, largestFloat)));
        // One row serves all rows of the batch.
        const sums = tf.add(logits, tf.scatterND(places, amounts, [1, vocabSize]));
        if (entries.every(([, bias]) => bias <= 0)) return sums as typeof logits;
        return tf.where(
          tf.less(logits, Number.POSITIVE_INFINITY),
          tf.minimum(sums, largestFloat),
          sums,
        ) as typeof logits;
      },
    };
  },
});
