import '@tensorflow/tfjs-backend-cpu';
import { keep, less, max, mul, ready, setBackend, sub, type Tensor, where } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { largest, logSumExp, topTokens } from '../../sampling/distribution.ts';
import type { HostSampler, RowStep, Sampler, SamplerKind, SamplerTraits } from '../../sampling/sampler.ts';
import { type SamplerCasesOptions, type SamplerLaw, samplerCases } from './sampler-cases.ts';

const leaked: Tensor[] = [];
beforeAll(async () => {
  await setBackend('cpu');
  await ready();
});
afterAll(() => {
  for (const tensor of leaked) tensor.dispose();
});

const filter: SamplerTraits = {
  keepsArgMax: true,
  narrows: true,
};

/** A correct sampler: removes what is more than 1 below the largest logit. */
const sound: HostSampler = {
  name: 'near-the-top',
  parameters: { distance: 1 },
  kind: 'filter',
  traits: filter,
  onHost: (logits) => {
    const top = logits.reduce((a, b) => (Number.isNaN(b) ? a : Math.max(a, b)), -Infinity);
    if (top < Infinity) for (let id = 0; id < logits.length; id++) if (logits[id]! < top - 1) logits[id] = -Infinity;
  },
};
const on = (
  onHost: (logits: Float32Array, step: RowStep) => void,
  traits?: SamplerTraits,
  kind?: SamplerKind,
): HostSampler => ({
  name: 'planted',
  ...(kind === undefined ? {} : { kind }),
  ...(traits === undefined ? {} : { traits: { ...filter, keepsArgMax: false, narrows: false, ...traits } }),
  onHost,
});

async function failures(make: () => Sampler, options?: SamplerCasesOptions): Promise<SamplerLaw[]> {
  const failed: SamplerLaw[] = [];
  for (const { name, run } of samplerCases(make, options))
    await run().catch(() => {
      failed.push(name);
    });
  return failed;
}

test('a correct sampler passes', async () => {
  const device: Sampler = {
    ...sound,
    onDevice: (logits) => where(less(logits, sub(max(logits, 1, true), 1)), Number.NEGATIVE_INFINITY, logits),
  };
  expect(await failures(() => device)).toEqual([]);
});

describe('a planted bug is found', () => {
  let calls = 0;
  const planted: [string, SamplerLaw, () => Sampler, SamplerCasesOptions?][] = [
    ['an invalid name', 'is well formed', () => ({ ...sound, name: 'Near Top' })],
    ['parameters that JSON loses', 'is well formed', () => ({ ...sound, parameters: { from: -Infinity } })],
    [
      'removes everything when all are equal',
      'never empties a row',
      () =>
        on((logits, step) => {
          const { logit } = largest(logits, step.candidates);
          const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length;
          for (let id = 0; id < logits.length; id++)
            if (!(logits[id]! > mean) && logit < Infinity) logits[id] = -Infinity;
        }),
    ],
    [
      '-Infinity - -Infinity',
      'gives a distribution',
      () =>
        on((logits) => {
          const bottom = Math.min(...logits);
          for (let id = 0; id < logits.length; id++) logits[id]! -= bottom;
        }),
    ],
    [
      'uses Math.random',
      'is repeatable and holds no state',
      () =>
        on((logits) => {
          logits[0]! += Math.random();
        }),
    ],
    [
      'counts its calls',
      'is repeatable and holds no state',
      () =>
        on((logits) => {
          logits[0]! += ++calls;
        }),
    ],
    [
      'prefers low ids',
      'does not depend on the numbering of tokens',
      () => on((logits) => logits.fill(-Infinity, logits.length >> 1)),
    ],
    [
      'splits ties by their neighbors',
      'treats ties alike',
      () =>
        on((logits) => {
          for (let id = 1; id < logits.length; id++) if (logits[id] === logits[id - 1]) logits[id]! -= id;
        }),
    ],
    [
      'a filter that drops NaN',
      'hides no NaN and no infinity',
      () => on((logits, step) => step.keep(logits, topTokens(logits, 2, step.candidates))),
    ],
    [
      'turns an empty row into a full one',
      'hides no NaN and no infinity',
      () =>
        on((logits) => {
          for (let id = 0; id < logits.length; id++) logits[id] = Math.max(logits[id]!, -1e9);
        }),
    ],
    [
      'assumes that the candidates are the whole vocabulary',
      'gives the same with candidates listed',
      () =>
        on((logits, step) => {
          const { length } = step.candidates ?? logits;
          for (let id = 0; id < logits.length; id++) logits[id]! *= length;
        }),
    ],
    [
      'loses a kept candidate',
      'gives the same with candidates listed',
      () =>
        on((logits, { candidates }) => {
          if (candidates !== undefined) logits[candidates[0]!] = -Infinity;
        }),
    ],
    [
      'flips the order when the logits are large',
      'is greedy near temperature 0',
      () =>
        on(
          (logits) => {
            if (Math.abs(largest(logits).logit) > 1e4) for (let id = 0; id < logits.length; id++) logits[id]! *= -1;
          },
          { keepsArgMax: true },
        ),
    ],
    [
      'keeps its state in the sampler',
      'forks with its history',
      () => {
        let seen = 0;
        return on((logits) => {
          logits[0]! += seen++ % 5;
        });
      },
    ],
    ['uses state without declaring it', 'declares its state', () => on((_, { state }) => state.set(1))],
    [
      'reads step.sampled without declaring it',
      'declares its state',
      () =>
        on((logits, { sampled }) => {
          if (sampled !== undefined) logits[sampled.id]! -= 1;
        }),
    ],
    [
      'reads step.source without declaring it',
      'declares that it reads the source',
      () =>
        on((logits, { source }) => {
          if (source !== undefined) logits[source[0]!]! -= 1;
        }),
    ],
    [
      'not shift-invariant',
      'is shift invariant',
      () =>
        on((logits) => {
          for (let id = 0; id < logits.length; id++) if (logits[id]! < 0) logits[id]! *= 2;
        }, {}),
      { shiftInvariant: true },
    ],
    ['not scale-invariant', 'is scale invariant', () => sound, { scaleInvariant: true }],
    [
      'drops the arg max',
      'its declared traits hold',
      () =>
        on(
          (logits) => {
            const { id } = largest(logits);
            if (logits.filter((logit) => logit > -Infinity).length > 1) logits[id] = -Infinity;
          },
          { keepsArgMax: true },
        ),
    ],
    [
      'brings tokens back',
      'its declared traits hold',
      () =>
        on(
          (logits) => {
            for (let id = 0; id < logits.length; id++) if (logits[id] === -Infinity) logits[id] = -50;
          },
          { narrows: true },
        ),
    ],
    [
      'declares that it selects',
      'its declared traits hold',
      () => ({ ...sound, traits: { ...filter, selectsArgMax: true } }),
    ],
    ['removes tokens although its kind does not', 'removes what its kind says', () => ({ ...sound, kind: 'shaping' })],
    [
      'splits ties without declaring it',
      'keeps ties together',
      () =>
        on(
          (logits, step) => {
            if (Number.isFinite(largest(logits).logit)) step.keep(logits, topTokens(logits, 2, step.candidates));
          },
          filter,
          'filter',
        ),
    ],
    ['calls a filter a constraint', 'removes what its kind says', () => ({ ...sound, kind: 'constraint' })],
    [
      'mixes the rows of a batch without declaring it',
      'device form equals host form, alone and in a batch',
      () => ({
        ...sound,
        onDevice: (logits) => {
          const near = where(less(logits, sub(max(logits, 1, true), 1)), Number.NEGATIVE_INFINITY, logits);
          return logits.shape[0] === 1 ? logits : near;
        },
      }),
    ],
    ['needs more logits than it declares', 'its kernel reads enough', () => ({ ...sound, kernel: { reads: 2 } })],
    [
      'a kernel with another edit',
      'its kernel edits the same',
      () => ({ ...sound, kernel: { edit: () => ({ divide: 2 }) } }),
    ],
    [
      'a kernel that keeps other tokens',
      'its kernel keeps the same',
      () => ({ ...sound, kernel: { keep: { top: 2 } } }),
    ],
    [
      'another distribution than declared',
      'samples have the declared distribution',
      () => sound,
      { distribution: (p) => p },
    ],
    [
      'a device form for one row only',
      'device form equals host form, alone and in a batch',
      () => ({
        ...sound,
        onDevice: (logits) => where(less(logits, sub(max(logits), 1)), Number.NEGATIVE_INFINITY, logits),
      }),
    ],
    [
      '0 * -Infinity on the device',
      'device form equals host form, alone and in a batch',
      () => ({
        ...sound,
        onDevice: (logits) => mul(logits, where(less(logits, sub(max(logits, 1, true), 1)), 0, 1)),
      }),
    ],
    [
      'a device form that drops NaN',
      'device form hides no NaN',
      () => ({
        ...sound,
        onDevice: (logits) => where(less(logits, 1e9), logits, 0),
      }),
    ],
    [
      'a device form that keeps a tensor',
      'device form leaks no tensor',
      () => ({
        ...sound,
        onDevice: (logits) => {
          leaked.push(keep(logits.clone()));
          return where(less(logits, sub(max(logits, 1, true), 1)), Number.NEGATIVE_INFINITY, logits);
        },
      }),
    ],
  ];
  test.each(planted)('%s', async (_, law, make, options) => {
    expect(await failures(make, options)).toContain(law);
  });

  test('every law has a planted bug', () => {
    const laws = samplerCases(() => sound).map(({ name }) => name);
    expect(laws.filter((law) => !planted.some(([, broken]) => broken === law))).toEqual([]);
  });
});

test('a law that does not apply is skipped with its reason', () => {
  const bans: Sampler = { name: 'bans', onHost: (logits) => logits.fill(-Infinity, 0, 1) };
  const reason = 'It bans a certain id.';
  const cases = samplerCases(() => bans, { skip: { 'does not depend on the numbering of tokens': reason } });
  expect(cases.filter(({ skip }) => skip === reason)).toHaveLength(1);
  expect(logSumExp(Float32Array.of(0))).toBe(0);
});
