import { hasDeviceForm, hasHostForm, hasMaskForm, type Sampler } from '../../sampling/sampler.ts';
import type { ContractCase } from '../cases.ts';
import { deviceEqualsHost, deviceHidesNothing, deviceLeaksNothing } from './sampler-cases-device.ts';
import * as laws from './sampler-cases-laws.ts';
import { drawsAsDeclared } from './sampler-cases-statistics.ts';
import {
  isScaleInvariant,
  isShiftInvariant,
  keepsTiesTogether,
  kernelEditsTheSame,
  kernelKeepsTheSame,
  kernelReadsEnough,
  removesAsItsKind,
  traitChecks,
} from './sampler-cases-traits.ts';

export { candidatesOf, shaped, type TestRowOptions, testBatch, testRow } from './sampler-cases-row.ts';

/** One law of the contract. */
export interface SamplerCase extends ContractCase {
  readonly name: SamplerLaw;
  /** Why the case does not apply. `run` then does nothing. */
  readonly skip?: string;
}

export type SamplerLaw =
  | 'is well formed'
  | 'gives a distribution'
  | 'never empties a row'
  | 'is repeatable and holds no state'
  | 'does not depend on the numbering of tokens'
  | 'treats ties alike'
  | 'hides no NaN and no infinity'
  | 'gives the same with candidates listed'
  | 'is greedy near temperature 0'
  | 'forks with its history'
  | 'declares its state'
  | 'declares that it reads the source'
  | 'its declared traits hold'
  | 'removes what its kind says'
  | 'keeps ties together'
  | 'is shift invariant'
  | 'is scale invariant'
  | 'its kernel reads enough'
  | 'its kernel keeps the same'
  | 'its kernel edits the same'
  | 'samples have the declared distribution'
  | 'device form equals host form, alone and in a batch'
  | 'device form hides no NaN'
  | 'device form leaks no tensor';

export interface SamplerCasesOptions {
  /** Sizes of the rows. Default [1, 2, 24, 100]. */
  readonly vocabSizes?: readonly number[];
  /**
   * The distribution after the stage, as a formula of the one before it; the mean over its own random numbers when it
   * uses some. The samples are compared with it by chi-square; without it, with what the stage leaves.
   */
  readonly distribution?: (probabilities: readonly number[]) => ArrayLike<number>;
  /** Adding a constant to all logits changes nothing but that constant. Default false: not tested. */
  readonly shiftInvariant?: boolean;
  /** Multiplying all logits by a positive factor keeps the same tokens. Default false: not tested. */
  readonly scaleInvariant?: boolean;
  /**
   * The filter cuts an order in which lower ids come first on ties, so equal logits may be separated. Default false.
   */
  readonly splitsTies?: boolean;
  /**
   * The device form lets the rows of a batch affect each other. Default false: a row alone gives the same as in a
   * batch.
   */
  readonly rowsInteract?: boolean;
  /** Laws that do not apply, with the reason. For example, a ban of certain ids depends on the numbering of tokens. */
  readonly skip?: Partial<Record<SamplerLaw, string>>;
}

/**
 * The contract of a sampler as a list of cases, for any test runner:
 *
 * ```ts
 * for (const { name, skip, run } of samplerCases(() => mine({ k: 3 }))) test(name, { skip: skip !== undefined }, run);
 * ```
 *
 * @param make returns a new sampler with the same options at each call.
 */
export function samplerCases(make: () => Sampler, options: SamplerCasesOptions = {}): SamplerCase[] {
  const { vocabSizes = [1, 2, 24, 100], distribution, skip = {}, rowsInteract = false } = options;
  const { shiftInvariant = false, scaleInvariant = false, splitsTies = false } = options;
  const sampler = make();
  const { traits } = sampler;
  const everySize = (check: (vocabSize: number) => void | Promise<void>) => async () => {
    for (const vocabSize of vocabSizes) await check(vocabSize);
  };
  const deviceOnly = !hasHostForm(sampler) && !hasMaskForm(sampler);
  const noHost = deviceOnly ? 'It has only a device form.' : undefined;
  const noDevice = hasDeviceForm(sampler) ? noHost : 'It has no device form.';
  const cases: [SamplerLaw, () => void | Promise<void>, reason?: string | undefined][] = [
    ['is well formed', () => laws.isWellFormed(sampler)],
    ['gives a distribution', everySize((size) => laws.givesADistribution(sampler, size))],
    ['never empties a row', everySize((size) => laws.neverEmpties(sampler, size))],
    ['is repeatable and holds no state', everySize((size) => laws.isRepeatable(make, size))],
    ['does not depend on the numbering of tokens', everySize((size) => laws.isEquivariant(sampler, size))],
    ['treats ties alike', everySize((size) => laws.treatsTiesAlike(sampler, size))],
    ['hides no NaN and no infinity', everySize((size) => laws.hidesNothing(sampler, size))],
    ['gives the same with candidates listed', everySize((size) => laws.agreesWithItsList(sampler, size)), noHost],
    [
      'is greedy near temperature 0',
      everySize((size) => laws.isGreedyWhenCold(sampler, size)),
      traits?.keepsArgMax === true ? undefined : 'It does not declare keepsArgMax.',
    ],
    ['forks with its history', everySize((size) => laws.forks(make, size)), noHost],
    ['declares its state', everySize((size) => laws.declaresItsState(sampler, size))],
    ['declares that it reads the source', everySize((size) => laws.declaresItsSource(sampler, size))],
    [
      'its declared traits hold',
      everySize((size) => {
        for (const { property, check } of traitChecks) if (traits?.[property] === true) check(sampler, size);
      }),
      traits === undefined ? 'It declares no traits.' : undefined,
    ],
    [
      'removes what its kind says',
      everySize((size) => removesAsItsKind(sampler, size)),
      sampler.kind === undefined ? 'It declares no kind.' : undefined,
    ],
    [
      'keeps ties together',
      everySize((size) => keepsTiesTogether(sampler, size)),
      sampler.kind !== 'filter' ? 'It is not a filter.' : splitsTies ? 'It splits ties.' : undefined,
    ],
    [
      'is shift invariant',
      everySize((size) => isShiftInvariant(sampler, size)),
      shiftInvariant ? undefined : 'shiftInvariant is not set.',
    ],
    [
      'is scale invariant',
      everySize((size) => isScaleInvariant(sampler, size)),
      scaleInvariant ? undefined : 'scaleInvariant is not set.',
    ],
    ['its kernel reads enough', everySize((size) => kernelReadsEnough(sampler, size))],
    ['its kernel keeps the same', everySize((size) => kernelKeepsTheSame(sampler, size))],
    ['its kernel edits the same', everySize((size) => kernelEditsTheSame(sampler, size))],
    ['samples have the declared distribution', () => drawsAsDeclared(sampler, distribution)],
    [
      'device form equals host form, alone and in a batch',
      everySize((size) => deviceEqualsHost(sampler, size, rowsInteract)),
      noDevice,
    ],
    ['device form hides no NaN', everySize((size) => deviceHidesNothing(sampler, size)), noDevice],
    [
      'device form leaks no tensor',
      everySize((size) => deviceLeaksNothing(sampler, size)),
      hasDeviceForm(sampler) ? undefined : 'It has no device form.',
    ],
  ];
  return cases.map(([name, run, reason]) => {
    const why = skip[name] ?? reason;
    return why === undefined ? { name, run: async () => run() } : { name, skip: why, run: async () => {} };
  });
}
