import type { Sampler } from '@tokenwright/core';
import { compareRow } from '../shared/compare.ts';
import { find, sampler } from '../shared/factory.ts';
import { toLogits, toRow } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { shapeRow } from '../shared/row.ts';
import { casesOf, checkFields, type OpenSuite } from '../shared/suite.ts';

interface FilterCase {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly logits_ref: string;
  readonly output: readonly (readonly unknown[])[];
  readonly mask_same_in_float64: boolean;
  readonly has_ties: boolean;
}

/** A filter as our sampler, and as options of our preset. */
const filters: Readonly<Record<string, (params: Params) => { readonly stage: Sampler; readonly preset: object }>> = {
  top_k(params) {
    const share = params.number('frac_num_tokens');
    if (share !== undefined) return { stage: sampler('topK', { share }), preset: { fracNumTokens: share } };
    const k = params.required('k');
    return { stage: sampler('topK', { k }), preset: { k } };
  },
  top_p(params) {
    const p = params.required('thres');
    return { stage: sampler('topP', { p, border: 'at-most' }), preset: { filter: 'top_p', thres: p } };
  },
  min_p(params) {
    const p = params.required('min_p');
    return { stage: sampler('minP', { p }), preset: { filter: 'min_p', minP: p } };
  },
  top_a(params) {
    const [ratio, power] = [params.required('min_p_ratio'), params.required('min_p_pow')];
    return { stage: sampler('topA', { ratio, power }), preset: { filter: 'top_a', minPRatio: ratio, minPPow: power } };
  },
};

/** `xtransformers/{top_k,top_p,top_a,min_p}.json`. */
export const openFilters: OpenSuite = (file) => {
  const make = filters[file.content.function as string];
  const table = file.content.logits as Readonly<Record<string, readonly (readonly unknown[])[]>>;
  return casesOf<FilterCase>(file).map((golden) => ({
    id: golden.id,
    run() {
      checkFields(golden, ['id', 'source', 'params', 'logits_ref', 'output', 'mask_same_in_float64', 'has_ties']);
      if (make === undefined) throw new TypeError(`no adapter for the function ${file.content.function}`);
      const params = new Params(golden.params);
      const { stage, preset } = make(params);
      params.finish();
      const chains = { stage: [stage], preset: find<readonly Sampler[]>('preset', 'xTransformers')(preset) };
      return Object.entries(chains).flatMap(([label, samplers]) =>
        (table[golden.logits_ref] ?? []).map(toLogits).flatMap((input, i) =>
          compareRow(`${label}: row ${i}`, toRow(golden.output[i]!), shapeRow(input, { samplers }), {
            input,
            tiesAreFree: golden.has_ties,
            maskIsFree: !golden.mask_same_in_float64,
          }),
        ),
      );
    },
  }));
};
