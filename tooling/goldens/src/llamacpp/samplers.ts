import type { Sampler } from '@tokenwright/core';
import { sampler } from '../shared/factory.ts';
import type { Params } from '../shared/params.ts';
import type { RowPlan } from '../shared/row.ts';

/** Our equivalent of a stage of llama.cpp: zero or more samplers and the context of the row that they need. */
export interface LlamaStage extends Omit<RowPlan, 'samplers'> {
  readonly samplers: readonly Sampler[];
}

/** llama.cpp's `min_keep` of 0 still keeps one token. */
const minKeep = (params: Params): { minKeep?: number } => {
  const count = params.number('min_keep');
  return count === undefined || count < 1 ? {} : { minKeep: count };
};

const one = (stage: Sampler): LlamaStage => ({ samplers: [stage] });
const off: LlamaStage = { samplers: [] };

/** Our stages for each of llama.cpp's samplers; values that turn a sampler off add no stage. */
export const llamaSamplers: Readonly<Record<string, (params: Params, golden: LlamaRow) => LlamaStage>> = {
  top_k(params) {
    const k = params.required('k');
    return k <= 0 ? off : one(sampler('topK', { k }));
  },
  top_p(params) {
    const p = params.required('p');
    const keep = minKeep(params);
    return p >= 1 ? off : one(sampler('topP', { p, ...keep }));
  },
  min_p(params) {
    const p = params.required('p');
    const keep = minKeep(params);
    // Above 1, only the tokens that are always kept remain.
    return p > 1 ? one(sampler('topK', { k: keep.minKeep ?? 1 })) : one(sampler('minP', { p, ...keep }));
  },
  typical(params) {
    const p = params.required('p');
    const keep = minKeep(params);
    return p >= 1 ? off : one(sampler('typicalP', { p, border: 'at-most', ties: 'cut', ...keep }));
  },
  temp: (params) => one(sampler('temperature', { temperature: Math.max(0, params.required('temp')) })),
  temp_ext(params) {
    const temperature = params.required('temp');
    const range = params.required('delta');
    const exponent = params.required('exponent');
    return one(
      range > 0
        ? sampler('dynamicTemperature', { temperature, range, exponent })
        : sampler('temperature', { temperature: Math.max(0, temperature) }),
    );
  },
  top_n_sigma: (params) => one(sampler('topNSigma', { sigmas: Math.max(0, params.required('n')) })),
  xtc(params) {
    params.without({ seed: 'the probability is 0 or 1, or as good as 1 for the one number that is drawn' });
    const probability = params.required('probability');
    const threshold = params.required('threshold');
    return one(sampler('xtc', { probability, threshold, ...minKeep(params) }));
  },
  penalties(params) {
    // The sampler treats -1 as 0; llama.cpp's programs replace it by the context size.
    const window = Math.max(0, params.required('penalty_last_n'));
    const penalty = params.number('repeat') ?? params.required('repeat_penalty');
    const frequency = params.number('freq') ?? params.required('alpha_frequency');
    const presence = params.number('present') ?? params.required('alpha_presence');
    return {
      samplers: [
        sampler('repetitionPenalty', { penalty, window }),
        sampler('additivePenalty', { frequency, presence, window, countPrompt: true }),
      ],
    };
  },
  dry(params, { seq_breakers }) {
    const window = params.required('penalty_last_n');
    params.without({ context_size: 'it only bounds a window of -1, and no history here is longer' });
    return one(
      sampler('dry', {
        multiplier: params.required('multiplier'),
        base: params.required('base'),
        allowedLength: params.required('allowed_length'),
        window: window < 0 ? 'all' : window,
        breakers: seq_breakers ?? (params.lists('seq_breakers') as unknown) ?? [],
      }),
    );
  },
  mirostat(params) {
    params.without({ seed: 'the token that was drawn is forced', n_vocab: 'the length of the row' });
    const [tau, eta, m] = [params.required('tau'), params.required('eta'), params.required('m')];
    // Its k is a 32-bit integer; when it overflows, one token is kept.
    return one(sampler('mirostat1', { tau, eta, m, overflow: 'keep-one' }));
  },
  mirostat_v2(params) {
    params.without({ seed: 'the token that was drawn is forced' });
    return one(sampler('mirostat2', { tau: params.required('tau'), eta: params.required('eta') }));
  },
  adaptive_p(params) {
    params.without({ seed: 'the token that was drawn is forced' });
    const target = params.required('target');
    const decay = params.required('decay');
    return target < 0 ? off : one(sampler('adaptiveP', { target, decay }));
  },
  p_less: () => one(sampler('pLess')),
};

/** The fields of a llama.cpp case that samplers use. */
export interface LlamaRow {
  readonly seq_breakers?: readonly (readonly number[])[];
}
