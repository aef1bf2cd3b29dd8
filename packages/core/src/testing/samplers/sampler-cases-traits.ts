import { hasHostForm, hasMaskForm, type Sampler, type SamplerTraits } from '../../sampling/sampler.ts';
import { verify } from '../cases.ts';
import { applyTo, argMaxOf, distributionOf, verifySame } from './sampler-cases-apply.ts';
import { candidatesOf, type TestRowOptions, testRow } from './sampler-cases-row.ts';
import { testLogits } from './sampler-cases-rows.ts';

/** What a sampler declares about itself, checked. Nothing is checked of what it does not declare. */
export const traitChecks: readonly {
  property: keyof SamplerTraits;
  check(sampler: Sampler, vocabSize: number): void;
}[] = [
  {
    property: 'shiftInvariant',
    check: (sampler, vocabSize) => {
      for (const { label, logits, options } of testLogits(vocabSize)) {
        const plain = distributionOf(applyTo(sampler, logits, options).logits);
        const shifted = distributionOf(
          applyTo(
            sampler,
            logits.map((logit) => logit + 8),
            options,
          ).logits,
        );
        verifySame(shifted, plain, `the row '${label}' with 8 added to all logits`, 1e-4);
      }
    },
  },
  {
    property: 'scaleInvariant',
    check: (sampler, vocabSize) => {
      for (const { label, logits, options } of testLogits(vocabSize)) {
        const plain = candidatesOf(applyTo(sampler, logits, options).logits);
        const doubled = candidatesOf(
          applyTo(
            sampler,
            logits.map((logit) => logit * 2),
            options,
          ).logits,
        );
        verifySame(doubled, plain, `what stays of the row '${label}' with all logits doubled`);
      }
    },
  },
  {
    property: 'keepsArgMax',
    check: (sampler, vocabSize) => {
      for (const { label, logits, options } of testLogits(vocabSize)) {
        const top = argMaxOf(logits);
        const result = applyTo(sampler, logits, options).logits;
        const now = argMaxOf(result);
        verify(result[top] === result[now], `token ${now} of the row '${label}' is now larger than the arg max ${top}`);
      }
    },
  },
  {
    property: 'narrows',
    check: (sampler, vocabSize) => {
      for (const { label, logits, options } of testLogits(vocabSize)) {
        const result = applyTo(sampler, logits, options).logits;
        const back = candidatesOf(result).find((id) => logits[id] === -Infinity);
        verify(back === undefined, `token ${back} of the row '${label}' was removed and is possible again`);
      }
    },
  },
  {
    property: 'selectsArgMax',
    check: (sampler, vocabSize) => {
      for (const { label, logits, options } of testLogits(vocabSize)) {
        const left = candidatesOf(applyTo(sampler, logits, options).logits);
        verifySame(left, [argMaxOf(logits)], `what stays of the row '${label}'`);
      }
    },
  },
];

/**
 * What a stage takes out is what it declares: nothing; or by what the logits are, so never all by their ids; or by which tokens
 * they are, so the same of every row at one place in a text. A removal by rounding, of a token with next to no probability,
 * does not count.
 */
export function removesWhatItSays(sampler: Sampler, vocabSize: number): void {
  const { traits } = sampler;
  if (traits === undefined) return;
  const rows = testLogits(vocabSize);
  const removed = (logits: Float32Array, options: TestRowOptions): number[] => {
    const before = distributionOf(logits);
    const after = applyTo(sampler, logits, options).logits;
    return candidatesOf(logits).filter((id) => after[id] === -Infinity && before[id]! > 1e-30);
  };
  for (const { label, logits, options } of rows) {
    const gone = removed(logits, options);
    if (traits.removes === undefined)
      verify(gone.length === 0, `token ${gone[0]} of the row '${label}' is removed, and 'removes' is not declared`);
    if (traits.removes !== 'constraint') continue;
    // The same place in the text with other logits.
    const other = rows[0]!.logits;
    const there = removed(other, options);
    const differs = gone.find((id) => !there.includes(id) && distributionOf(other)[id]! > 1e-30);
    verify(differs === undefined, `token ${differs} is removed from the row '${label}' but not from other logits`);
  }
}

/** A filter that does not say that it sorts has no order among equals: they stay or go together. */
export function partsEqualsAsItSays(sampler: Sampler, vocabSize: number): void {
  const { traits } = sampler;
  if (traits?.removes !== 'filter' || traits.sorts === true) return;
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const { logits: after } = applyTo(sampler, logits, options);
    const firstOfLogit = new Map<number, number>();
    for (const id of candidatesOf(logits)) {
      const equal = firstOfLogit.get(logits[id]!) ?? id;
      firstOfLogit.set(logits[id]!, equal);
      verify(
        (after[id] === -Infinity) === (after[equal] === -Infinity),
        `of the equal tokens ${equal} and ${id} of the row '${label}' one is removed, and 'sorts' is not declared`,
      );
    }
  }
}

/** With `reads: { top: k }` the smaller logits neither stay nor matter. */
export function keepsWhatItSays(sampler: Sampler, vocabSize: number): void {
  const { keeps } = sampler;
  if (keeps === undefined) return;
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const order = candidatesOf(logits).sort((a, b) => logits[b]! - logits[a]! || a - b);
    const weights = order.map((id) => Math.exp(logits[id]! - logits[order[0]!]!));
    const share = 'share' in keeps ? keeps.share : 0;
    const goal = 'mass' in keeps ? keeps.mass * weights.reduce((sum, weight) => sum + weight, 0) : 0;
    let above = 0;
    const kept = order.filter((_, at) => {
      if ('top' in keeps) return at < keeps.top;
      if ('share' in keeps) return weights[at]! >= share;
      const stays = at === 0 || keeps.mass === 1 || above < goal;
      above += weights[at]!;
      return stays;
    });
    const stays = new Set(kept);
    verifySame(
      applyTo(sampler, logits, options).logits,
      logits.map((logit, id) => (stays.has(id) ? logit : -Infinity)),
      `the row '${label}' of which it keeps ${JSON.stringify(keeps)}`,
    );
  }
}

export function editsWhatItSays(sampler: Sampler, vocabSize: number): void {
  if (sampler.edits === undefined) return;
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const edit = sampler.edits({ rows: [testRow(logits, options).step(0)] });
    const edited = logits.slice();
    if ('divide' in edit) for (let id = 0; id < edited.length; id++) edited[id]! /= edit.divide;
    else {
      const { ids, factor, amounts } = edit.tokens[0]!;
      for (const [i, id] of ids.entries()) {
        const logit = edited[id]!;
        edited[id] = (logit < 0 ? logit * factor : logit / factor) - (amounts?.[i] ?? 0);
      }
    }
    verifySame(applyTo(sampler, logits, options).logits, edited, `the row '${label}' with its edits`, 1e-6);
  }
}

export function readsWhatItSays(sampler: Sampler, vocabSize: number): void {
  const { reads } = sampler;
  if (reads === undefined || reads === 'all' || !(hasHostForm(sampler) || hasMaskForm(sampler))) return;
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const order = candidatesOf(logits).sort((a, b) => logits[b]! - logits[a]! || a - b);
    const visible = new Set(order.slice(0, reads.top));
    const blind = logits.map((logit, id) => (visible.has(id) ? logit : -Infinity));
    verifySame(
      applyTo(sampler, blind, options).logits,
      applyTo(sampler, logits, options).logits,
      `the row '${label}' of which only the ${reads.top} largest logits are given`,
      1e-6,
    );
  }
}
