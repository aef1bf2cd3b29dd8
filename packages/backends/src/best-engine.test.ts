import { type Engine, EngineUnavailableError, ParameterError, UnknownOptionError } from '@tokenwright/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BestEngineOptions, bestEngine } from './best-engine.ts';
import type { EngineStarter } from './engine-starter.ts';
import { load, logitsOf } from './wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2 } from './wasm/testing/tiny-models.ts';

afterEach(() => vi.unstubAllGlobals());

/** A starter of a fake engine; with an error, of one that fails to start. */
function fake(name: string, failure?: unknown): EngineStarter & { readonly started: () => number } {
  let started = 0;
  return {
    name,
    started: () => started,
    async start() {
      started++;
      if (failure !== undefined) throw failure;
      return { name, notices: ['no threads'] } as unknown as Engine;
    },
  };
}

describe('bestEngine with candidates', () => {
  it('takes the first that starts, and reports every candidate', async () => {
    const [broken, good, rest] = [fake('broken', new Error('no driver')), fake('good'), fake('rest')];
    const skipped: string[] = [];
    const { engine, report } = await bestEngine({
      modelBytes: 1e6,
      candidates: [broken, good, rest],
      onSkipped: (name, { message }) => skipped.push(`${name}: ${message}`),
    });
    expect(engine.name).toBe('good');
    expect(report.attempts.map(({ engine: name, outcome }) => `${name} ${outcome}`)).toEqual([
      'broken failed',
      'good chosen',
      'rest untried',
    ]);
    expect(report.attempts[0]!.reason).toBe('no driver');
    expect(report.attempts[2]!.reason).toMatch(/good comes before it/);
    expect(report.reason).toMatch(/first that suits.*broken \(no driver\)/);
    expect(report.notices).toEqual(['no threads']);
    expect(report.summary).toMatch(/^good, .*, 1 thread: /);
    expect(skipped).toEqual(['broken: no driver']);
    expect(rest.started()).toBe(0);
  });

  it('reports every reason when none starts', async () => {
    const error = await bestEngine({
      modelBytes: 0,
      candidates: [fake('a', new Error('one')), fake('b', 'two')],
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineUnavailableError);
    expect((error as EngineUnavailableError).tried).toEqual([
      { engine: 'a', reason: 'one' },
      { engine: 'b', reason: 'two' },
    ]);
  });
});

describe('the default order', () => {
  it.each<[string, Partial<BestEngineOptions>, RegExp]>([
    [
      'a model above 4 GiB at 8 bits',
      { parameters: 5e9 },
      /5\.4 GiB with 8-bit weights.*weights: '4-bit-blocks' would fit/,
    ],
    [
      'f32 weights that do not fit',
      { parameters: 1.5e9, weights: 'f32' },
      /5\.6 GiB with f32 weights.*'8-bit' would fit/,
    ],
    ['a model too large for every format', { parameters: 70e9 }, /WebAssembly memory ends at 4 GiB$/],
  ])('leaves out the WebAssembly engine for %s', async (_, options, reason) => {
    const last = fake('last');
    const { report } = await bestEngine({ modelBytes: 0, fallbacks: [last], ...options });
    const [wasm, webgpu, ...rest] = report.attempts;
    expect(wasm).toMatchObject({ engine: 'fused wasm', outcome: 'unsuited' });
    expect(wasm!.reason).toMatch(reason);
    expect(webgpu!.engine).toBe('fused webgpu');
    expect(rest.map(({ engine }) => engine)).toEqual(['last']);
  });

  it('leaves out engines that an option does not apply to', async () => {
    const { engine, report } = await bestEngine({ modelBytes: 1e6, weights: '4-bit-blocks', threads: 1 });
    await engine.dispose();
    expect(report.attempts.map(({ engine: name, outcome }) => `${name} ${outcome}`)).toEqual([
      'fused wasm chosen',
      'fused webgpu unsuited',
      'tfjs wasm unsuited',
      'tfjs cpu unsuited',
    ]);
    expect(report.attempts[1]!.reason).toMatch(/threads/);
    expect(report.attempts[2]!.reason).toMatch(/f32 only, not as 4-bit-blocks/);
    expect(report).toMatchObject({ weights: '4-bit-blocks', threads: 1 });
  });

  it('has no TF.js fallback where packages cannot be looked up by name', async () => {
    vi.stubGlobal('process', { ...process, versions: {} });
    const { engine, report } = await bestEngine({ modelBytes: 1e6, threads: 1 });
    await engine.dispose();
    expect(report.attempts.map(({ engine: name }) => name)).toEqual(['fused wasm', 'fused webgpu']);
  });
});

describe('weights', () => {
  it.each([
    [{ parameters: 100e6 }, 'f32'],
    [{ parameters: 100e6 + 1 }, '8-bit'],
    [{ parameters: 1e6, weights: 'f16' as const }, 'f16'],
    [{}, 'auto'],
  ])('%o are reported as %s', async (options, weights) => {
    const { engine, report } = await bestEngine({ modelBytes: 1e6, threads: 1, ...options });
    await engine.dispose();
    expect(report.weights).toBe(weights);
  });

  it('auto keeps a small model in float32', async () => {
    const gpt2 = tinyGPT2({ layers: 1, width: 32, intermediateSize: 64 }) as TinyModel;
    const logits = await Promise.all(
      (['auto', 'f32', '8-bit'] as const).map(async (weights) => {
        const { engine } = await bestEngine({ modelBytes: 1e9, weights, threads: 1 });
        const values = await logitsOf(await load(engine, gpt2), [1, 2, 3], 1);
        await engine.dispose();
        return values;
      }),
    );
    expect(logits[0]).toEqual(logits[1]);
    expect(logits[0]).not.toEqual(logits[2]);
  });
});

it('starts engines by name, including TF.js', async () => {
  const { engine, report } = await bestEngine({ modelBytes: 1e6, candidates: ['tfjs-cpu', 'fused-wasm'] });
  expect(engine.name).toBe('tfjs cpu');
  expect(report.weights).toBe('f32');
  expect(report.reason).toMatch(/asked for/);
  await engine.dispose();
});

it.each<[object, typeof ParameterError | typeof UnknownOptionError, RegExp]>([
  [{ modelBytes: 'large' }, ParameterError, /modelBytes must be a number of bytes/],
  [{ modelBytes: -1 }, ParameterError, /modelBytes/],
  [{ modelBytes: 1, parameters: Number.NaN }, ParameterError, /parameters/],
  [{ modelBytes: 1, weights: '2-bit' }, ParameterError, /weights must be one of auto, f32/],
  [{ modelBytes: 1, threads: 0 }, ParameterError, /threads/],
  [{ modelBytes: 1, candidates: [] }, ParameterError, /candidates must be a list of fused-wasm/],
  [{ modelBytes: 1, candidates: ['wasm'] }, ParameterError, /'wasm' was given/],
  [{ modelBytes: 1, candidates: ['fused-wasm'], fallbacks: [] }, ParameterError, /fallbacks must be absent/],
  [{ modelBytes: 1, onSkipped: 1 }, ParameterError, /onSkipped must be a function/],
  [{ modelbytes: 1 }, UnknownOptionError, /Did you mean 'modelBytes'/],
])('rejects %o', async (options, kind, message) => {
  const error = await bestEngine(options as BestEngineOptions).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(kind);
  expect(String(error)).toMatch(message);
});

it('starts without options, for a model whose size is not known', async () => {
  const { engine, report } = await bestEngine();
  expect(report.attempts.filter(({ outcome }) => outcome === 'chosen')).toMatchObject([{ engine: report.engine }]);
  await engine.dispose();
});
