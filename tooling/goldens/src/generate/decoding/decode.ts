import { type GenerateOptions, generate, type Strategy } from '@tokenwright/core';
import { logProbabilities } from '@tokenwright/core/sampling';
import { huggingFaceChain } from '../../processors/hugging-face-chain.ts';
import { compareIds, compareWithin } from '../../shared/compare.ts';
import { sampler } from '../../shared/factory.ts';
import { toRow } from '../../shared/numbers.ts';
import type { Params } from '../../shared/params.ts';
import { type GenerateCase, unpadded } from './case.ts';
import { Probe } from './probe.ts';
import type { Place } from './sources.ts';

/** The result of one of our calls for a case. */
export interface Decoded {
  readonly prompts: readonly (readonly number[])[];
  readonly sources: readonly (readonly number[])[] | undefined;
  /** New tokens, by prompt and then by sequence. */
  readonly ids: readonly (readonly number[])[];
  readonly scores: readonly (number | undefined)[];
  readonly probe: Probe;
  readonly tolerance: number;
  readonly eosTokenIds: readonly number[];
  /** The id with which Hugging Face pads the rows of a batch. */
  readonly padToken: number | undefined;
  /** Number of prompt columns of a recorded sequence. */
  readonly promptColumns: number;
}

/** Arguments that any case may have and that have no effect here. */
export const withoutEffect: Readonly<Record<string, string>> = {
  decoder_start_token_id: 'the prompt of a decoder, which the model knows',
  bos_token_id: 'only an empty prompt starts with it',
  transformers_version: 'about the file',
  _from_model_config: 'about the file',
};

/** The arguments of a case over those of its generation_config.json, as Hugging Face reads them. */
export function argumentsOf(golden: GenerateCase, place: Place): Readonly<Record<string, unknown>> {
  return { ...place.generationConfig, ...golden.params };
}

export interface DecodeOptions {
  readonly strategy?: Strategy;
  /** End the chain with `greedy`. Default true; false for strategies that choose tokens themselves. */
  readonly greedy?: boolean;
  readonly options?: Partial<GenerateOptions>;
}

/** Run `generate` with options that correspond to the arguments of Hugging Face's `generate()`. */
export async function decode(
  golden: GenerateCase,
  place: Place,
  params: Params,
  { strategy, greedy = true, options = {} }: DecodeOptions = {},
): Promise<Decoded> {
  params.without(withoutEffect);
  const padToken = params.number('pad_token_id');
  const eosTokenIds = params.ids('eos_token_id') ?? [];
  const maxNewTokens = params.number('max_new_tokens');
  const maxLength = params.number('max_length');
  const cached = params.read('use_cache') !== false;
  const started = params.lists('decoder_input_ids');
  const prompts =
    place.sources === undefined
      ? unpadded(golden)
      : (started ?? place.sources.map(() => place.model.defaults.decoderStartTokenIds ?? []));
  const forcedBosToken = golden.params?.forced_bos_token_id as number | undefined;
  const forcedEosToken = golden.params?.forced_eos_token_id as number | undefined;
  const probe = new Probe();
  const chain = huggingFaceChain(params, { eosTokenIds, prefixAllowed: prefixRule(golden.prefix_allowed_tokens_fn) });
  params.finish();
  const { sequences } = await generate(place.model, prompts, {
    // Hugging Face has the same orders.
    onWarning: () => {},
    samplers: [...chain, probe.sampler, ...(greedy ? [sampler('greedy')] : [])],
    eosTokenIds: eosTokenIds,
    // The forced tokens of the case are already in the chain, at the same place as in Hugging Face's.
    forcedBosTokenId: null,
    forcedEosTokenId: null,
    ...(maxNewTokens === undefined ? {} : { maxNewTokens }),
    ...(maxLength === undefined ? {} : { maxLength }),
    // They are also stages of the chain, before the probe. As options they replace what the checkpoint forces.
    ...(forcedBosToken === undefined ? {} : { forcedBosTokenId: forcedBosToken }),
    ...(forcedEosToken === undefined ? {} : { forcedEosTokenId: forcedEosToken }),
    ...(cached ? {} : { cache: 'none' }),
    ...(strategy === undefined ? {} : { strategy }),
    ...options,
  });
  return {
    prompts,
    sources: place.sources,
    tolerance: place.tolerance,
    probe,
    eosTokenIds,
    padToken,
    ids: sequences.map(({ ids }) => ids),
    scores: sequences.map(({ score }) => score),
    promptColumns: place.sources === undefined ? golden.input_ids[0]!.length : prompts[0]!.length,
  };
}

/** Compare the new tokens of each sequence. A recorded sequence that ended early is padded. */
export function compareSequences(decoded: Decoded, recorded: readonly (readonly number[])[]): string[] {
  if (recorded.length !== decoded.ids.length)
    return [`${recorded.length} sequences expected, got ${decoded.ids.length}`];
  return recorded.flatMap((sequence, i) => {
    const ours = decoded.ids[i]!;
    const expected = sequence.slice(decoded.promptColumns);
    const ended = decoded.eosTokenIds.includes(ours.at(-1)!);
    const padded = ended && expected.slice(ours.length).every((id) => id === decoded.padToken);
    return compareIds(`sequence ${i}`, padded ? expected.slice(0, ours.length) : expected, ours);
  });
}

/** Compare the score of each token before and after normalizing, for one sequence per prompt. */
export function compareSteps(golden: GenerateCase, decoded: Decoded): string[] {
  const differences: string[] = [];
  const read = (name: string, i: number): unknown[] | undefined => (golden[name] as unknown[][] | undefined)?.[i];
  for (const [i, ids] of decoded.ids.entries()) {
    const rows = ids.map((_, at) =>
      decoded.probe.after([...decoded.prompts[i]!, ...ids.slice(0, at)], decoded.sources?.[i]),
    );
    const raw = read('transition_scores_raw', i);
    const normalized = read('transition_scores_normalized', i);
    for (const [at, id] of ids.entries()) {
      const row = rows[at];
      if (row === undefined) {
        differences.push(`sequence ${i}: the chain never saw step ${at}`);
        continue;
      }
      const label = `sequence ${i}, step ${at}`;
      if (raw !== undefined)
        differences.push(...compareWithin(`${label}: score`, toRow([raw[at]]), [row[id]!], decoded.tolerance));
      if (normalized !== undefined)
        differences.push(
          ...compareWithin(
            `${label}: log-probability`,
            toRow([normalized[at]]),
            [logProbabilities(row)[id]!],
            decoded.tolerance,
          ),
        );
      const all = (golden.scores as unknown[][][] | undefined)?.[at]?.[i];
      if (all !== undefined) differences.push(...compareWithin(`${label}: scores`, toRow(all), row, decoded.tolerance));
    }
  }
  return differences;
}

/** Fields that every kind of decoding has. `stable` and its parts record whether rounding can change the tokens; all cases are stable. */
export const decodingFields: readonly string[] = [
  'id',
  'source',
  'kind',
  'input_ids',
  'attention_mask',
  'params',
  'prefix_allowed_tokens_fn',
  'sequences',
  'scores',
  'transition_scores_raw',
  'transition_scores_normalized',
  'same_in_float64',
  'same_under_noise',
  'stable',
];

/** The rule for `prefix_allowed_tokens_fn`, which is recorded as text: multiples of the last token, and some ids. */
function prefixRule(words: unknown): ((tokens: Int32Array) => number[]) | undefined {
  if (words === undefined) return undefined;
  const match = /^allowed = \{\((\d+)\*last \+ j\) mod (\d+) : j in \(([\d,]+)\)\}(?: union \{([\d,]+)\})?$/.exec(
    `${words}`,
  );
  if (match === null) throw new TypeError(`unknown rule: ${JSON.stringify(words)}`);
  const [, factor, modulus, steps, always] = match;
  const ids = (list: string | undefined): number[] => list?.split(',').map(Number) ?? [];
  return (tokens) => [
    ...ids(steps).map((step) => (Number(factor) * tokens.at(-1)! + step) % Number(modulus)),
    ...ids(always),
  ];
}
