import { existsSync, readFileSync } from 'node:fs';
import type { Sampler } from '@tokenwright/core';
import { shaped, type TestRowOptions } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import * as samplers from './index.ts';

/** Results of other libraries' own code, beside the checkout; its README says how they were made. */
const goldens = new URL('../../../../shared/goldens/', import.meta.url);
const absent = existsSync(goldens) ? false : 'the recorded results are not on this machine';

type Row = readonly (number | string)[];
interface ProcessorCase {
  readonly id: string;
  readonly params: Record<string, never>;
  readonly logits_ref: string;
  readonly input_ids: readonly (readonly number[])[];
  readonly output: readonly Row[];
  readonly greenlist_ids?: readonly (readonly number[])[];
  readonly table?: Record<string, readonly number[]>;
}
interface LlamaCase {
  readonly id: string;
  readonly samplers: readonly [{ readonly params: Record<string, number> }];
  readonly last_tokens: readonly number[];
  readonly logits_ref: string;
  readonly seq_breakers?: readonly (readonly number[])[];
  readonly candidate_ids: readonly number[];
  readonly candidate_logits: Row;
}

const read = <T>(name: string): { cases: readonly T[]; logits: Record<string, readonly Row[] | Row> } =>
  JSON.parse(readFileSync(new URL(name, goldens), 'utf8'));
const list = (value: number | readonly number[]): readonly number[] =>
  Array.isArray(value) ? value : [value as number];

function expectClose(actual: Float32Array, expected: Row, logits: Float32Array): void {
  const largest = logits.reduce((most, logit) => (Number.isFinite(logit) ? Math.max(most, Math.abs(logit)) : most), 0);
  expect(actual.length).toBe(expected.length);
  for (let id = 0; id < expected.length; id++) {
    const wanted = Number(expected[id]);
    if (Number.isFinite(wanted)) {
      const tolerance = 1e-6 + 1e-6 * Math.abs(wanted) + 2 ** -22 * largest;
      expect(Math.abs(actual[id]! - wanted), `token ${id}: ${actual[id]} for ${wanted}`).toBeLessThanOrEqual(tolerance);
    } else expect(actual[id]).toBe(wanted);
  }
}

/** How each of Hugging Face's classes is written here, for one row of a case. */
const processors: Record<string, (c: ProcessorCase, row: number) => [Sampler, TestRowOptions?]> = {
  EncoderNoRepeatNGramLogitsProcessor: ({ params }, row) => [
    samplers.encoderNoRepeatNgram({ size: params.encoder_ngram_size! }),
    { source: params.encoder_input_ids![row]! },
  ],
  EncoderRepetitionPenaltyLogitsProcessor: ({ params }, row) => [
    samplers.encoderRepetitionPenalty({ penalty: params.penalty! }),
    { source: params.encoder_input_ids![row]! },
  ],
  ExponentialDecayLengthPenalty: ({ params }) => [
    samplers.exponentialLengthDecay({
      start: params.exponential_decay_length_penalty![0],
      factor: params.exponential_decay_length_penalty![1],
      endTokens: list(params.eos_token_id!),
    }),
    { promptLength: params.input_ids_seq_length! },
  ],
  ForcedBOSTokenLogitsProcessor: ({ params }) => [samplers.forcedBeginToken({ token: params.bos_token_id! })],
  ForcedEOSTokenLogitsProcessor: ({ params }) => [
    samplers.forcedEndToken({ maxLength: params.max_length!, endTokens: list(params.eos_token_id!) }),
  ],
  InfNanRemoveLogitsProcessor: () => [samplers.removeInvalid()],
  LogitNormalization: () => [samplers.normalize()],
  MinLengthLogitsProcessor: ({ params }) => [
    samplers.minLength({ length: params.min_length!, endTokens: list(params.eos_token_id!) }),
  ],
  MinNewTokensLengthLogitsProcessor: ({ params }) => [
    samplers.minNewTokens({ count: params.min_new_tokens!, endTokens: list(params.eos_token_id!) }),
    { promptLength: params.prompt_length_to_skip! },
  ],
  NoBadWordsLogitsProcessor: ({ params }) => [
    samplers.badWords({ words: params.bad_words_ids!, needs: 'sequence' }),
    { endTokens: params.eos_token_id === undefined ? [] : list(params.eos_token_id) },
  ],
  NoRepeatNGramLogitsProcessor: ({ params }) => [samplers.noRepeatNgram({ size: params.ngram_size! })],
  PrefixConstrainedLogitsProcessor: ({ params, table }, row) => [
    samplers.prefixFunction({
      allowed: (tokens) =>
        Math.floor(row / params.num_beams!) % 2 === 0 ? table![tokens.at(-1)!]! : [0, tokens.at(-1)!],
    }),
  ],
  SequenceBiasLogitsProcessor: ({ params }) => [
    samplers.sequenceBias({
      sequences: (params.sequence_bias! as [number[], number | '-Infinity'][]).map(([tokens, bias]) => ({
        tokens,
        bias,
      })),
      needs: 'sequence',
    }),
  ],
  SuppressTokensAtBeginLogitsProcessor: ({ params }) => [
    samplers.suppressTokensAtBegin({ tokens: params.begin_suppress_tokens!, position: params.begin_index! }),
  ],
  SuppressTokensLogitsProcessor: ({ params }) => [samplers.suppressTokens({ tokens: params.suppress_tokens! })],
};

describe.skipIf(absent)(`Hugging Face's processors${absent ? ` (skipped: ${absent})` : ''}`, () => {
  test.each(Object.entries(processors))('%s', (name, make) => {
    const { cases, logits: table } = read<ProcessorCase>(`processors/${name}.json`);
    for (const golden of cases)
      golden.input_ids.forEach((prompt, row) => {
        const logits = Float32Array.from((table[golden.logits_ref] as readonly Row[])[row]!, Number);
        const [sampler, options = {}] = make(golden, row);
        // Hugging Face makes a removed end token NaN; here it stays removed.
        const expected = golden.output[row]!.map((value) => (value === 'NaN' ? '-Infinity' : value));
        expectClose(shaped(sampler, logits, { prompt, ...options }), expected, logits);
      });
  });
});

interface SynthIdCase {
  readonly id: string;
  readonly params: {
    readonly ngram_len: number;
    readonly keys: readonly number[];
    readonly context_history_size: number;
    readonly skip_first_ngram_calls: boolean;
  };
  readonly sampling_table: readonly number[];
  readonly steps: readonly {
    readonly input_ids: readonly (readonly number[])[];
    readonly logits: readonly Row[];
    readonly output: readonly Row[];
  }[];
  readonly sequence_for_g_values: readonly (readonly number[])[];
  readonly g_values: readonly (readonly (readonly number[])[])[];
  readonly context_repetition_mask: readonly (readonly number[])[];
}

describe.skipIf(absent)(`Hugging Face's watermarks${absent ? ` (skipped: ${absent})` : ''}`, () => {
  test('green lists', () => {
    const { cases, logits: table } = read<ProcessorCase>('processors/WatermarkLogitsProcessor.json');
    for (const golden of cases)
      golden.input_ids.forEach((prompt, row) => {
        const logits = Float32Array.from((table[golden.logits_ref] as readonly Row[])[row]!, Number);
        const sampler = samplers.greenList({
          ratio: golden.params.greenlist_ratio!,
          bias: golden.params.bias!,
          key: golden.params.hashing_key!,
          scheme: golden.params.seeding_scheme === 'selfhash' ? 'self-hash' : 'left-hash',
          contextWidth: golden.params.context_width!,
          greenList: () => golden.greenlist_ids![row]!,
        });
        expectClose(shaped(sampler, logits, { prompt }), golden.output[row]!, logits);
      });
  });

  test('SynthID', () => {
    const { cases } = read<SynthIdCase>('processors/SynthIDTextWatermarkLogitsProcessor.json');
    for (const { params, sampling_table, steps, ...recorded } of cases) {
      const options = {
        keys: params.keys,
        ngramLength: params.ngram_len,
        samplingTable: sampling_table,
        contextHistory: params.context_history_size,
      };
      const sampler = samplers.synthId({ ...options, skipFirst: params.skip_first_ngram_calls });
      const promptLength = steps[0]!.input_ids[0]!.length;
      for (const { input_ids, logits: rows, output } of steps)
        input_ids.forEach((prompt, row) => {
          const logits = Float32Array.from(rows[row]!, Number);
          // The recorded run multiplied float32 factors near 0 thirty times over, so its logarithms of unlikely tokens have few
          // digits. Probabilities agree.
          shaped(sampler, logits, { prompt, promptLength }).forEach((logit, id) => {
            const wanted = Number(output[row]![id]);
            expect(Math.abs(Math.exp(logit) - Math.exp(wanted))).toBeLessThanOrEqual(1e-6 + 1e-6 * Math.exp(wanted));
            expect(Math.abs(logit - wanted)).toBeLessThan(2e-3);
          });
        });
      recorded.sequence_for_g_values.forEach((sequence, row) => {
        const { bits, counted } = samplers.detectSynthId(sequence, options);
        expect(bits.map((layer) => [...layer])).toEqual(recorded.g_values[row]);
        expect(counted.map(Number)).toEqual(recorded.context_repetition_mask[row]);
      });
    }
  });
});

describe.skipIf(absent)(`llama.cpp's penalties${absent ? ` (skipped: ${absent})` : ''}`, () => {
  test.each(['penalties', 'dry'])('%s', (name) => {
    const { cases, logits: table } = read<LlamaCase>(`llamacpp/${name}.json`);
    for (const golden of cases) {
      const logits = Float32Array.from(table[golden.logits_ref] as Row, Number);
      const { params } = golden.samplers[0];
      const last = params.penalty_last_n!;
      const chain =
        name === 'dry'
          ? [
              samplers.dry({
                multiplier: params.multiplier!,
                base: params.base!,
                allowedLength: params.allowed_length!,
                window: last < 0 ? 'all' : last,
                breakers: golden.seq_breakers ?? [],
              }),
            ]
          : [
              samplers.repetitionPenalty({ penalty: params.repeat!, window: Math.max(0, last) }),
              samplers.additivePenalty({
                frequency: params.freq!,
                presence: params.present!,
                window: Math.max(0, last),
                countPrompt: true,
              }),
            ];
      const expected: (number | string)[] = new Array(logits.length).fill('-Infinity');
      golden.candidate_ids.forEach((id, i) => {
        expected[id] = golden.candidate_logits[i]!;
      });
      expectClose(shaped(chain, logits, { prompt: golden.last_tokens }), expected, logits);
    }
  });
});
