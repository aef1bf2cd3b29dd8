import { largest } from '@tokenwright/core/sampling';
import { compareIds, compareRow } from '../shared/compare.ts';
import { toLogits, toRow } from '../shared/numbers.ts';
import { Params } from '../shared/params.ts';
import { rule, weigh } from '../shared/rules.ts';
import { casesOf, checkFields, type OpenSuite } from '../shared/suite.ts';

interface ContrastiveCase {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly pair_ref: string;
  readonly kept: readonly (readonly boolean[])[];
  readonly output: readonly (readonly unknown[])[];
  readonly argmax: readonly number[];
}

interface Pair {
  readonly expert: readonly (readonly unknown[])[];
  readonly amateur: readonly (readonly unknown[])[];
}

/** `xtransformers/contrastive_decode_fn.json`: two rows of logits in, one out. */
export const openContrastive: OpenSuite = (file) => {
  const pairs = file.content.pairs as Readonly<Record<string, Pair>>;
  return casesOf<ContrastiveCase>(file).map((golden) => ({
    id: golden.id,
    run() {
      checkFields(golden, ['id', 'source', 'params', 'pair_ref', 'kept', 'output', 'argmax', ...about]);
      const params = new Params(golden.params);
      const contrast = rule('contrastiveLogits', { alpha: params.required('alpha'), beta: params.required('beta') });
      const beta = params.required('beta');
      params.finish();
      const { expert, amateur } = pairs[golden.pair_ref]!;
      return golden.output.flatMap((row, i) => {
        const [own, other] = [toLogits(expert[i]!), toLogits(amateur[i]!)];
        const got = weigh(contrast, own, other);
        const input = Float32Array.from([...own, ...other], (logit) => (1 + beta) * logit);
        const kept = golden.kept[i]!.flatMap((stays, id) => (stays ? [id] : []));
        const ours = Array.from(got.keys()).filter((id) => got[id]! > -Infinity);
        return [
          ...compareRow(`row ${i}`, toRow(row), got, { input }),
          ...compareIds(`row ${i}: kept`, kept, ours),
          ...compareIds(`row ${i}: largest`, [golden.argmax[i]!], [largest(got).id]),
        ];
      });
    },
  }));
};

/** About versions of x-transformers. */
const about = ['head_commit', 'head_same_with_tensor_alpha'];
