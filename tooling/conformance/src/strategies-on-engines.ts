import { type FusedWasmOptions, fusedWasm } from '@tokenwright/backends/wasm';
import {
  type Engine,
  type GenerateOptions,
  generate,
  generateBatch,
  type LanguageModel,
  type Sampler,
  type Strategy,
  sampling,
} from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import { type StrategyCasesOptions, seededWeights, strategyCases, tinyModels } from '@tokenwright/core/testing';
import { repetitionPenalty } from '@tokenwright/samplers';
import {
  beamSearch,
  bestOf,
  constrainedBeamSearch,
  contrastiveSearch,
  earlyExit,
  groupBeamSearch,
  promptLookup,
  speculative,
  stochasticBeams,
} from '@tokenwright/strategies';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestBackend, testEngine } from './engines.ts';

const strategies: readonly (readonly [string, (draft: LanguageModel) => Strategy])[] = [
  ['sampling', () => sampling()],
  ['beam search', () => beamSearch({ numBeams: 3 })],
  ['beam sampling', () => beamSearch({ numBeams: 3, doSample: true })],
  ['group beam search', () => groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 })],
  ['constrained beam search', () => constrainedBeamSearch({ numBeams: 3, constraints: [{ phrase: [7, 9] }] })],
  ['stochastic beams', () => stochasticBeams({ numBeams: 3 })],
  ['best of 3', () => bestOf({ numCandidates: 3 })],
  ['contrastive search', () => contrastiveSearch({ topK: 3 })],
  ['speculation by a draft', (draft) => speculative({ draft, numAssistantTokens: 3 })],
  ['speculation from the prompt', () => speculative({ draft: promptLookup({ maxMatchingNgramSize: 1 }) })],
  ['speculation by an early exit', () => speculative({ draft: earlyExit({ layer: 1 }) })],
];
const prompts = [
  [5, 17, 42, 8],
  [60, 3],
];

interface Place {
  readonly engine: Engine;
  readonly model: LanguageModel;
  readonly draft: LanguageModel;
}

const fused = {
  'fused wasm': {},
  'fused wasm with 8-bit weights and an f16 cache': { weights: '8-bit', cache: 'f16' },
  'fused wasm with 4-bit-blocks weights and an 8-bit cache': { weights: '4-bit-blocks', cache: '8-bit' },
} satisfies Record<string, FusedWasmOptions>;

/** The reference engine on a backend of TF.js, or an engine of its own. */
export type StrategyEngine = TestBackend | keyof typeof fused;

function startEngine(backend: StrategyEngine): Promise<Engine | undefined> {
  if (backend === 'cpu' || backend === 'wasm' || backend === 'webgpu') return testEngine(backend);
  return fusedWasm({ threads: 1, ...fused[backend] }).start();
}

async function open(backend: StrategyEngine): Promise<Place | undefined> {
  const engine = await startEngine(backend);
  if (engine === undefined) return undefined;
  const { architecture, config } = tinyModels[0]!;
  const make = (seed: number): Promise<LanguageModel> =>
    createModel(engine, architecture, config, seededWeights(architecture, config, { seed }));
  return { engine, model: await make(1), draft: await make(2) };
}

const options = (place: Place, strategy: (draft: LanguageModel) => Strategy): GenerateOptions => ({
  strategy: strategy(place.draft),
  samplers: [repetitionPenalty({ penalty: 1.2 })],
  maxNewTokens: 3,
  eosTokenIds: [],
  seed: 5,
});

const expected = new Map<string, readonly (readonly number[])[]>();

function close({ engine, model, draft }: Place): Promise<void> {
  model.dispose();
  draft.dispose();
  return engine.dispose();
}

/** Strategies that do not depend on the seed or cannot continue after a full context. */
const traits: Readonly<Record<string, StrategyCasesOptions>> = {
  'beam search': { random: false, sequences: 3 },
  'beam sampling': { sequences: 3, random: false },
  'group beam search': { random: false, sequences: 4 },
  'constrained beam search': { random: false, sequences: 3 },
  'contrastive search': { random: false, slides: false },
  'stochastic beams': { sequences: 3 },
  'best of 3': { sequences: 3 },
};

/** The contract of strategies on a backend, except leaks, which `describeStrategies` tests. */
export function describeContract(backend: StrategyEngine, only: readonly string[] = ['']): void {
  const chosen = strategies.filter(([name]) => only.some((beginning) => name.startsWith(beginning)));
  describe(`the contract of strategies on ${backend}`, async () => {
    const place = await open(backend);
    afterAll(async () => {
      if (place !== undefined) await close(place);
    });
    if (place === undefined) {
      test.skip(`${backend} does not start here`, () => {});
      return;
    }
    const { model, draft, engine } = place;
    beforeAll(async () => {
      // The first forward pass allocates constants that the model keeps.
      for (const one of [model, draft]) await generateBatch(one, prompts, { samplers: [], maxNewTokens: 2, seed: 1 });
    }, 60_000);
    for (const [name, strategy] of chosen)
      describe(name, () => {
        const live = (): number => engine.memory().buffers;
        for (const { name: law, run } of strategyCases(() => strategy(draft), { ...traits[name], model, live }))
          if (!law.includes('leaves nothing behind')) test(law, run, 120_000);
      });
  });
}

/** The strategies of a suite, by prefixes of their names, and when it tests for leaks. Default: all, at every step. */
export interface StrategySuiteOptions {
  readonly only?: readonly string[];
  /** `'none'` tests only the tokens. */
  readonly leaks?: 'every step' | 'one step' | 'none';
}

/** Strategies on a backend give the tokens of cpu, and leave nothing on the engine, however a call ends. */
export function describeStrategies(
  backend: StrategyEngine,
  { only = [''], leaks = 'every step' }: StrategySuiteOptions = {},
): void {
  const chosen = strategies.filter(([name]) => only.some((beginning) => name.startsWith(beginning)));
  describe(`strategies on ${backend}`, async () => {
    const place = await open(backend);
    beforeAll(async () => {
      const reference = (await open('cpu'))!;
      for (const [name, strategy] of chosen)
        expected.set(name, (await generateBatch(reference.model, prompts, options(reference, strategy))).ids);
      await close(reference);
    });
    afterAll(async () => {
      if (place !== undefined) await close(place);
    });

    test.skipIf(place === undefined).each(chosen)(
      '%s gives the tokens of cpu',
      async (name, strategy) => {
        const { ids } = await generateBatch(place!.model, prompts, options(place!, strategy));
        expect(ids).toEqual(expected.get(name));
      },
      60_000,
    );

    if (leaks === 'none') return;
    test.skipIf(place === undefined).each(chosen)(
      `%s leaves nothing behind after a break, an abort and a throw at ${leaks}`,
      async (_, strategy) => {
        const { model, engine } = place!;
        const before = engine.memory();
        for (let step = leaks === 'one step' ? 2 : 0, reached = true; reached; step++) {
          reached = await breaks(model, options(place!, strategy), step);
          await aborts(model, options(place!, strategy), step);
          reached = (await throws(model, options(place!, strategy), step)) || reached;
          expect(engine.memory(), `after step ${step}`).toEqual(before);
          if (leaks === 'one step') break;
        }
      },
      60_000,
    );
  });
}

async function breaks(model: LanguageModel, given: GenerateOptions, step: number): Promise<boolean> {
  let seen = 0;
  for await (const _ of generate(model, prompts, { ...given, steps: true })) if (seen++ >= step) return true;
  return false;
}

async function aborts(model: LanguageModel, given: GenerateOptions, step: number): Promise<void> {
  const controller = new AbortController();
  let seen = 0;
  let ends = 0;
  for await (const { type } of generate(model, prompts, { ...given, steps: true, signal: controller.signal })) {
    if (type === 'end') ends++;
    if (seen++ >= step) controller.abort();
  }
  expect(ends).toBe(prompts.length);
}

async function throws(model: LanguageModel, given: GenerateOptions, step: number): Promise<boolean> {
  let calls = 0;
  const faulty: Sampler = {
    name: 'faulty',
    onHost() {
      if (calls++ === step) throw new RangeError('planted');
    },
  };
  const call = generateBatch(model, prompts, { ...given, samplers: [faulty] });
  const failed = await call.then(
    () => false,
    (error: unknown) => error instanceof RangeError,
  );
  return failed;
}
