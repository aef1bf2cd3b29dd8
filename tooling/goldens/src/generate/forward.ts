import { compareWithin } from '../shared/compare.ts';
import { toRow } from '../shared/numbers.ts';
import { checkFields } from '../shared/suite.ts';
import { unpadded } from './decoding/case.ts';
import { logitsOf, logitsStepwise } from './decoding/models.ts';
import { conditioned } from './decoding/sources.ts';
import type { RunKind } from './suite.ts';

/** `forward`: logits of all positions in one pass and token by token, and the last hidden states. */
export const runForward: RunKind = async (golden, models) => {
  checkFields(golden, [...fields, ...unseen]);
  using place = await conditioned(golden, models);
  const rows = place.sources === undefined ? unpadded(golden) : (golden.decoder_input_ids as number[][]);
  const whole = await logitsOf(place.model, rows);
  const stepwise = await logitsStepwise(place.model, rows);
  const differences: string[] = [];
  const compare = (label: string, expected: unknown, got: Float32Array): void => {
    // Against float64, only one side is rounded.
    const tolerance = label.startsWith('logits_float64') ? Math.max(1e-4, place.tolerance / 2) : place.tolerance;
    differences.push(...compareWithin(label, toRow(expected as unknown[]), got, tolerance));
  };
  for (const [row, { length }] of rows.entries()) {
    const lastOnly = golden.logits_last as unknown[] | undefined;
    if (lastOnly !== undefined) {
      compare(`row ${row}, last`, lastOnly[row], whole.logits[row]!.at(-1)!);
      compare(`row ${row}, last, token by token`, lastOnly[row], stepwise[row]!.at(-1)!);
    }
    for (const name of ['logits', 'logits_float64']) {
      const expected = (golden[name] as unknown[][][] | undefined)?.[row];
      for (let at = 0; at < length && expected !== undefined; at++) {
        compare(`${name}, row ${row}, position ${at}`, expected[at], whole.logits[row]![at]!);
        compare(`${name}, row ${row}, position ${at}, token by token`, expected[at], stepwise[row]![at]!);
      }
    }
    const layers = (golden.hidden_states ?? golden.decoder_hidden_states) as unknown[][][][] | undefined;
    for (let at = 0; at < length && layers !== undefined; at++)
      compare(`hidden state, row ${row}, position ${at}`, layers.at(-1)![row]![at], whole.hidden[row]![at]!);
  }
  return differences;
};

const fields = [
  'id',
  'source',
  'kind',
  'input_ids',
  'attention_mask',
  'decoder_input_ids',
  'logits',
  'logits_last',
  'logits_float64',
  'hidden_states',
  'decoder_hidden_states',
  'note',
  // A position is the number of tokens before it; rows have no padding.
  'position_ids',
];

/** Recorded for debugging a model; a `LanguageModel` does not expose them. */
const unseen = [
  'attentions',
  'encoder_attentions',
  'decoder_attentions',
  'cross_attentions',
  'encoder_hidden_states',
  'encoder_last_hidden_state',
  'max_abs_diff_incremental',
  'max_abs_diff_float64',
];
