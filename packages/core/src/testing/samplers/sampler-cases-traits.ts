import { hasHostForm, hasMaskForm, type Sampler } from '../../sampling/sampler.ts';
import { verify } from '../cases.ts';
import { applyTo, argMaxOf, distributionOf, verifySame } from './sampler-cases-apply.ts';
import { candidatesOf, type TestRowOptions, testRow } from './sampler-cases-row.ts';
import { testLogits } from './sampler-cases-rows.ts';

/** Adding a constant to all logits changes nothing but that constant. */
export function isShiftInvariant(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const plain = distributionOf(applyTo(sampler, logits, options).logits);
    const moved = logits.map((logit) => logit + 8);
    const shifted = distributionOf(applyTo(sampler, moved, options).logits);
    verifySame(shifted, plain, `the row '${label}' with 8 added to all logits`, 1e-4);
  }
}

/** Multiplying all logits by a positive factor keeps the same tokens. */
export function isScaleInvariant(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const plain = candidatesOf(applyTo(sampler, logits, options).logits);
    const larger = logits.map((logit) => logit * 2);
    const doubled = candidatesOf(applyTo(sampler, larger, options).logits);
    verifySame(doubled, plain, `the tokens left of the row '${label}' with all logits doubled`);
  }
}

/** The traits that can be tested on logits alone. Undeclared traits are not tested. */
export const traitChecks: readonly {
  property: 'keepsArgMax' | 'narrows' | 'selectsArgMax';
  check(sampler: Sampler, vocabSize: number): void;
}[] = [
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
 * A stage removes tokens as its kind allows. Filters remove by logits, constraints and masks by token ids (so the same
 * tokens from every row at the same position of a text), controllers by either; the other kinds remove nothing. Removal
 * by rounding, of a token with almost no probability, does not count. A sampler without a kind is not tested.
 */
export function removesAsItsKind(sampler: Sampler, vocabSize: number): void {
  const { kind } = sampler;
  if (kind === undefined) return;
  const rows = testLogits(vocabSize);
  const removed = (logits: Float32Array, options: TestRowOptions): number[] => {
    const before = distributionOf(logits);
    const after = applyTo(sampler, logits, options).logits;
    return candidatesOf(logits).filter((id) => after[id] === -Infinity && before[id]! > 1e-30);
  };
  for (const { label, logits, options } of rows) {
    const gone = removed(logits, options);
    const removes = kind === 'filter' || kind === 'constraint' || kind === 'controller' || kind === 'watermark';
    const selects = sampler.traits?.selectsArgMax === true;
    if (!removes && !selects)
      verify(
        gone.length === 0,
        `token ${gone[0]} of the row '${label}' is removed, which the kind '${kind}' does not do`,
      );
    if (kind !== 'constraint') continue;
    // The same position of the text with other logits.
    const other = rows[0]!.logits;
    const there = removed(other, options);
    const differs = gone.find((id) => !there.includes(id) && distributionOf(other)[id]! > 1e-30);
    verify(differs === undefined, `token ${differs} is removed from the row '${label}' but not from other logits`);
  }
}

/** A filter that does not split ties removes equal logits together or keeps them together. */
export function keepsTiesTogether(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const { logits: after } = applyTo(sampler, logits, options);
    const firstOfLogit = new Map<number, number>();
    for (const id of candidatesOf(logits)) {
      const equal = firstOfLogit.get(logits[id]!) ?? id;
      firstOfLogit.set(logits[id]!, equal);
      verify(
        (after[id] === -Infinity) === (after[equal] === -Infinity),
        `of the equal tokens ${equal} and ${id} of the row '${label}' one is removed; pass splitsTies: true if that is meant`,
      );
    }
  }
}

/** `kernel.keep` equals the host form. */
export function kernelKeepsTheSame(sampler: Sampler, vocabSize: number): void {
  const keep = sampler.kernel?.keep;
  if (keep === undefined) return;
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const order = candidatesOf(logits).sort((a, b) => logits[b]! - logits[a]! || a - b);
    const weights = order.map((id) => Math.exp(logits[id]! - logits[order[0]!]!));
    const share = 'share' in keep ? keep.share : 0;
    const goal = 'mass' in keep ? keep.mass * weights.reduce((sum, weight) => sum + weight, 0) : 0;
    let above = 0;
    const kept = order.filter((_, at) => {
      if ('top' in keep) return at < keep.top;
      if ('share' in keep) return weights[at]! >= share;
      const stays = at === 0 || keep.mass === 1 || above < goal;
      above += weights[at]!;
      return stays;
    });
    const stays = new Set(kept);
    verifySame(
      applyTo(sampler, logits, options).logits,
      logits.map((logit, id) => (stays.has(id) ? logit : -Infinity)),
      `the row '${label}' of which it keeps ${JSON.stringify(keep)}`,
    );
  }
}

/** `kernel.edit` equals the host form. */
export function kernelEditsTheSame(sampler: Sampler, vocabSize: number): void {
  const { kernel } = sampler;
  if (kernel?.edit === undefined) return;
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const edit = kernel.edit({ rows: [testRow(logits, options).step(0)] });
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

/** With `kernel.reads: k`, the logits after the k largest are removed and do not matter. */
export function kernelReadsEnough(sampler: Sampler, vocabSize: number): void {
  const reads = sampler.kernel?.reads;
  if (reads === undefined || !(hasHostForm(sampler) || hasMaskForm(sampler))) return;
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const order = candidatesOf(logits).sort((a, b) => logits[b]! - logits[a]! || a - b);
    const visible = new Set(order.slice(0, reads));
    const blind = logits.map((logit, id) => (visible.has(id) ? logit : -Infinity));
    verifySame(
      applyTo(sampler, blind, options).logits,
      applyTo(sampler, logits, options).logits,
      `the row '${label}' of which only the ${reads} largest logits are given`,
      1e-6,
    );
  }
}
