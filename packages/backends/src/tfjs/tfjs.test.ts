import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { type Engine, EngineUnavailableError } from '@tokenwright/core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { load } from '../wasm/testing/logits.ts';
import { type TinyModel, tinyGPT2 } from '../wasm/testing/tiny-models.ts';
import { tfjs } from './tfjs.ts';

const gpt2 = tinyGPT2({ layers: 1, width: 32, intermediateSize: 64 }) as TinyModel;
const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});

/** Prefill, a step, and every edit of a cache. */
async function decode(engine: Engine, kind: 'static' | 'dynamic'): Promise<number[]> {
  const model = await load(engine, gpt2);
  const cache = model.createCache({ rows: 2, kind } as never);
  model.forward([[1, 2, 3], [4]], cache).dispose();
  cache.gather([1, 0]);
  const fork = cache.fork();
  fork.truncate([1, 2]);
  const { logits } = model.forward([[5], [6]], fork);
  const values = [...(await logits.read([0, 1]))];
  logits.dispose();
  fork.dispose();
  cache.dispose();
  model.dispose();
  return values;
}

describe('a start in Node', () => {
  it('does not print the TF.js advertisement and does not enable production mode', async () => {
    const engine = await tfjs({ backend: 'cpu' }).start();
    await decode(engine, 'static');
    await engine.dispose();
    tf.tensor1d([1]).dispose();
    expect(warn).not.toHaveBeenCalled();
    expect(tf.env().getBool('PROD')).toBe(false);
  });
});

describe.each([
  ['wasm', 'cpu'],
  ['cpu', 'wasm'],
] as const)('an engine on %s in an application on %s', (backend, own) => {
  beforeEach(() => tf.setBackend(own));

  it.each(['static', 'dynamic'] as const)(
    'leaves the backend of the application selected, with a %s cache',
    async (kind) => {
      const engine = await tfjs({ backend }).start();
      expect(tf.getBackend()).toBe(own);
      const values = await decode(engine, kind);
      expect(tf.getBackend()).toBe(own);
      await engine.dispose();
      await tf.setBackend(backend);
      const alone = await tfjs({ backend }).start();
      expect(values).toEqual(await decode(alone, kind));
      await alone.dispose();
    },
  );

  it('leaves it selected after an error', async () => {
    const engine = await tfjs({ backend }).start();
    const model = await load(engine, gpt2);
    const cache = model.createCache();
    const { logits } = model.forward([[1]], cache);
    expect(() =>
      logits.map!(() => {
        expect(tf.getBackend()).toBe(backend);
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(() => model.forward([[1e9]], cache)).toThrow();
    expect(tf.getBackend()).toBe(own);
    await engine.dispose();
  });
});

it('reports a TF.js version without in-place cache writes and gives the same results', async () => {
  const plain = await tfjs({ backend: 'wasm' }).start();
  expect(plain.notices).toEqual([]);
  const values = await decode(plain, 'static');
  await plain.dispose();
  const backend = tf.findBackend('wasm') as unknown as { typedArrayFromHeap?: unknown };
  const heard: string[] = [];
  // Hidden only during the start: kernels of TF.js use it too.
  backend.typedArrayFromHeap = undefined;
  const engine = await tfjs({ backend: 'wasm', onNotice: (message) => heard.push(message) })
    .start()
    .finally(() => delete backend.typedArrayFromHeap);
  expect(engine.notices).toEqual(heard);
  expect(heard).toEqual([
    expect.stringMatching(/'static' grow by concatenation on TF\.js wasm.*no known way to write/),
  ]);
  expect(await decode(engine, 'static')).toEqual(values);
  await engine.dispose();
});

it('reports what to install when a package is missing', async () => {
  vi.doMock('@tensorflow/tfjs-backend-webgl', () => {
    throw new Error('Cannot find package');
  });
  const error = await tfjs({ backend: 'webgl' })
    .start()
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EngineUnavailableError);
  expect(String(error)).toContain('npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-webgl');
});
