import { RunState } from '../../sampling/run-state.ts';
import { hasDeviceForm, hasHostForm, hasMaskForm, type Sampler } from '../../sampling/sampler.ts';
import { verify } from '../cases.ts';
import { applyTo, argMaxOf, distributionOf, verifySame } from './sampler-cases-apply.ts';
import { candidatesOf, testRow } from './sampler-cases-row.ts';
import { testLogits } from './sampler-cases-rows.ts';

/** The laws of every sampler, each as a check that throws. */

export function isWellFormed(sampler: Sampler): void {
  verify(/^[a-z0-9]+(-[a-z0-9]+)*$/.test(sampler.name), `the name '${sampler.name}' is not kebab-case`);
  const formed = hasHostForm(sampler) || hasDeviceForm(sampler) || hasMaskForm(sampler);
  verify(formed, 'it has none of onHost, onDevice and mask');
  if (sampler.parameters === undefined) return;
  const text = JSON.stringify(sampler.parameters);
  verify(JSON.stringify(JSON.parse(text)) === text, 'its parameters do not survive JSON');
  const exact = (value: unknown): boolean =>
    typeof value === 'object' && value !== null
      ? Object.values(value).every(exact)
      : typeof value !== 'number' || Number.isFinite(value);
  verify(exact(sampler.parameters), 'its parameters hold a number that JSON cannot write');
}

export function neverEmpties(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits, options } of testLogits(vocabSize))
    verify(applyTo(sampler, logits, options).sampleable, `nothing can be sampled from the row '${label}'`);
}

export function isRepeatable(make: () => Sampler, vocabSize: number): void {
  const [first, second] = [make(), make()];
  const rows = testLogits(vocabSize);
  const once = rows.map(({ logits, options }) => applyTo(first, logits, options).logits);
  // In another order, and by another instance with the same options: neither may matter.
  for (const [at, { label, logits, options }] of [...rows.entries()].reverse()) {
    verifySame(applyTo(first, logits, options).logits, once[at]!, `the row '${label}' the second time`);
    verifySame(applyTo(second, logits, options).logits, once[at]!, `the row '${label}' by an equal sampler`);
  }
}

export function isEquivariant(sampler: Sampler, vocabSize: number): void {
  const to = (id: number): number => (id * 7 + 3) % vocabSize;
  verify(vocabSize % 7 !== 0, 'the case needs a vocabulary that 7 does not divide');
  const permuted = (row: Float32Array): Float32Array => {
    const result = new Float32Array(vocabSize);
    row.forEach((logit, id) => {
      result[to(id)] = logit;
    });
    return result;
  };
  for (const { label, logits, options } of testLogits(vocabSize)) {
    // Distinct logits: this law does not test ties.
    const distinct = logits.map((logit, id) => logit + id / 4096);
    const ids = (list: ArrayLike<number> | undefined): number[] => Array.from(list ?? [], to);
    const { logits: here } = applyTo(sampler, distinct, options);
    const { logits: there } = applyTo(sampler, permuted(distinct), {
      prompt: ids(options.prompt),
      generated: ids(options.generated),
      source: ids(options.source),
      eosTokenIds: ids(options.eosTokenIds),
    });
    verifySame(there, permuted(here), `the row '${label}' with its ids permuted`, 1e-5);
  }
}

export function treatsTiesAlike(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits } of testLogits(vocabSize)) {
    const kept = (row: Float32Array): number[] =>
      Array.from(applyTo(sampler, row).logits)
        .filter((logit) => logit > -Infinity)
        .sort((a, b) => a - b);
    // Reversing the row reorders equal logits.
    verifySame(kept(logits.toReversed()), kept(logits), `what stays of the row '${label}' when reversed`, 1e-5);
  }
}

export function hidesNothing(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits, options } of testLogits(vocabSize)) {
    for (const broken of [Number.NaN, Infinity]) {
      for (const id of [0, vocabSize >> 1, vocabSize - 1]) {
        const row = applyTo(sampler, logits.with(id, broken), options);
        verify(!row.sampleable, `${broken} at token ${id} of the row '${label}' is hidden`);
      }
    }
  }
  const empty = applyTo(sampler, new Float32Array(vocabSize).fill(-Infinity));
  verify(!empty.sampleable, 'a row with nothing left gets a token');
  verify(!empty.logits.some(Number.isNaN), 'a row with nothing left gets NaN');
}

export function agreesWithItsList(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const subset = candidatesOf(logits).filter((id) => id % 3 !== 1);
    if (subset.length === 0) continue;
    const listed = testRow(logits, options);
    listed.step(1).keep(listed.logits, subset);
    const plain = applyTo(sampler, listed.logits, options);
    if (hasHostForm(sampler) || hasMaskForm(sampler)) listed.apply(sampler, 0);
    else continue;
    verifySame(listed.logits, plain.logits, `the row '${label}' with its candidates listed`, 1e-6);
    const left = listed.candidates;
    if (left === undefined) continue;
    for (const id of candidatesOf(listed.logits))
      verify(left.includes(id), `token ${id} of the row '${label}' is left but not listed`);
  }
}

export function isGreedyWhenCold(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits, options } of testLogits(vocabSize)) {
    if (label === 'all equal' || label === 'all zero' || label === 'many ties') continue;
    const distinct = logits.map((logit, id) => (logit + id / 4096) * 1e5);
    const top = argMaxOf(distinct);
    const { logits: cold } = applyTo(sampler, distinct, options);
    verify(argMaxOf(cold) === top, `the row '${label}' near temperature 0 prefers token ${argMaxOf(cold)} to ${top}`);
  }
}

/** A line of steps. A branch from its middle must continue like the line, whatever another branch does in between. */
export function forks(make: () => Sampler, vocabSize: number): void {
  const rows = testLogits(vocabSize).filter(({ label }) => label !== 'one token left');
  const sampler = make();
  const line = (from: ReturnType<typeof start>, positions: readonly number[], rank: number, first: boolean) => {
    let { history } = from;
    const shapes: Float32Array[] = [];
    for (const position of positions) {
      const row = testRow(rows[position % rows.length]!.logits, { state: from.state, history, promptLength: 2 });
      row.apply(sampler, 0);
      shapes.push(row.logits);
      const left = candidatesOf(row.logits);
      const id = left.at(first ? position % left.length : rank % left.length)!;
      history = row.extend(id);
    }
    return { history, state: from.state, shapes };
  };
  const start = () => {
    const { history } = testRow(rows[0]!.logits, { prompt: [1 % vocabSize, 0] }).context;
    return { history, state: new RunState() };
  };
  const whole = line(start(), [0, 1, 2, 3, 4, 5, 6, 7], 0, true);
  const half = line(start(), [0, 1, 2, 3], 0, true);
  line(half, [7, 6, 5, 4], -1, false);
  const rest = line(half, [4, 5, 6, 7], 0, true);
  rest.shapes.forEach((shape, at) => {
    verifySame(shape, whole.shapes[at + 4]!, `step ${at} of a fork after another branch`, 1e-6);
  });
}

/** Without `traits.stateful`, a stage does not receive how its token was sampled, and its state is not serialized. */
export function declaresItsState(sampler: Sampler, vocabSize: number): void {
  if (sampler.traits?.stateful === true || !hasHostForm(sampler)) return;
  const row = testRow(testLogits(vocabSize)[0]!.logits, { prompt: [0] });
  const step = row.step(0);
  const touched = (): never => {
    throw new Error('it uses step.state without declaring traits.stateful');
  };
  sampler.onHost(row.logits, {
    ...step,
    candidates: undefined,
    state: { get: touched, set: touched },
    get sampled(): never {
      throw new Error('it reads step.sampled without declaring traits.stateful');
    },
  });
}

/** Without `traits.readsSource`, a stage is not refused by models whose source has a vocabulary of its own. */
export function declaresItsSource(sampler: Sampler, vocabSize: number): void {
  if (sampler.traits?.readsSource === true) return;
  const row = testRow(testLogits(vocabSize)[0]!.logits, { prompt: [0] });
  const step = {
    ...row.step(0),
    candidates: undefined,
    get source(): never {
      throw new Error('it reads step.source without declaring traits.readsSource');
    },
  };
  if (hasHostForm(sampler)) sampler.onHost(row.logits, step);
  if (hasMaskForm(sampler)) sampler.mask(step);
}

/** The result must be a distribution: only numbers and -Infinity, with a sum of 1. */
export function givesADistribution(sampler: Sampler, vocabSize: number): void {
  for (const { label, logits, options } of testLogits(vocabSize)) {
    const result = applyTo(sampler, logits, options).logits;
    verify(result.length === vocabSize, `the row '${label}' changes its length`);
    const sum = distributionOf(result).reduce((total, p) => total + p, 0);
    verify(Math.abs(sum - 1) < 1e-6, `the row '${label}' is not a distribution after the stage (its sum is ${sum})`);
  }
}
