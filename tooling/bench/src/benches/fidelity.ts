import { largest, logSumExp } from '@tokenwright/core/sampling';

/** How near some logits are to those that they should be. */
export interface Fidelity {
  /** Largest difference, as a share of the largest magnitude that was expected. */
  readonly largestError: number;
  /** Mean difference, likewise. */
  readonly meanError: number;
  /** Share of the rows whose largest logit is that of the same token. */
  readonly equalChoices: number;
}

/** Compare logits [rows][vocabulary]. */
export function fidelity(received: readonly Float32Array[], expected: readonly Float32Array[]): Fidelity {
  let [most, sum, count, top, equal] = [0, 0, 0, 0, 0];
  for (const [row, wanted] of expected.entries()) {
    const got = received[row]!;
    for (const [id, value] of wanted.entries()) {
      const difference = Math.abs(got[id]! - value);
      most = Math.max(most, difference);
      sum += difference;
      top = Math.max(top, Math.abs(value));
    }
    count += wanted.length;
    if (largest(got).id === largest(wanted).id) equal++;
  }
  return { largestError: most / top, meanError: sum / count / top, equalChoices: equal / expected.length };
}

/** exp of the mean negative log-probability of `ids[1..]`; row i of the logits stands for the token after `ids[i]`. */
export function perplexity(logits: readonly Float32Array[], ids: readonly number[]): number {
  let total = 0;
  for (let i = 0; i + 1 < ids.length; i++) total += logits[i]![ids[i + 1]!]! - logSumExp(logits[i]!);
  return Math.exp(-total / (ids.length - 1));
}
