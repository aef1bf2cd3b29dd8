import type { Sampler } from '@tokenwright/core';
import { compareRow } from '../compare.ts';
import { sampler } from '../factory.ts';
import { toLogits, toRow } from '../numbers.ts';
import { Params } from '../params.ts';
import { shapeRow } from '../row.ts';
import { casesOf, checkFields, type OpenSuite } from '../suite.ts';

interface FilterCase {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly logits_ref: string;
  readonly output: readonly (readonly unknown[])[];
  readonly mask_same_in_float64: boolean;
  readonly has_ties: boolean;
}

const filters: Readonly<Record<string, (params: Params) => Sampler>> = {
  top_k(params) {
    const share = params.number('frac_num_tokens');
    return sampler('topK', share === undefined ? { k: params.required('k') } : { share });
  },
  top_p: (params) => sampler('topP', { p: params.required('thres'), border: 'at-most' }),
  min_p: (params) => sampler('minP', { p: params.required('min_p') }),
  top_a: (params) => sampler('topA', { ratio: params.required('min_p_ratio'), power: params.required('min_p_pow') }),
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
      const samplers = [make(params)];
      params.finish();
      return (table[golden.logits_ref] ?? []).map(toLogits).flatMap((input, i) =>
        compareRow(`row ${i}`, toRow(golden.output[i]!), shapeRow(input, { samplers }), {
          input,
          tiesAreFree: golden.has_ties,
          maskIsFree: !golden.mask_same_in_float64,
        }),
      );
    },
  }));
};
