import plainUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { type TfjsBackend, tfjs } from '@tokenwright/backends/tfjs';
import { classifierFreeGuidance, combine, contrastiveLogits, dola } from '@tokenwright/contrastive';
import { DeviceLostError, type Engine, generate, generateText, InvalidLogitsError } from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import { engineCases, seededWeights, tinyModels } from '@tokenwright/core/testing';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { greedy, minP, temperature, topK } from '@tokenwright/samplers';
import { describe, expect, test } from 'vitest';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plainUrl,
  'tfjs-backend-wasm-simd.wasm': simdUrl,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
};

function start(backend: TfjsBackend): Promise<Engine> {
  return tfjs({ backend, ...(backend === 'wasm' ? { wasmPaths } : {}) }).start();
}

const judge = () => start('cpu');

describe.each(['cpu', 'wasm'] as const)('the reference engine in a browser on %s', (backend) => {
  for (const { name, run } of engineCases(() => start(backend), { judge, longRun: 100 })) test(name, run);
});

async function startOnDevice(backend: TfjsBackend): Promise<Engine> {
  const engine = await start(backend);
  // Otherwise small tensors are computed on the CPU.
  tf.env().setFlags({ WEBGPU_CPU_FORWARD: false, WEBGL_CPU_FORWARD: false });
  return engine;
}

/** Slow drivers are tested with every model in mode `full` alone. */
const full = (import.meta as unknown as { env: { MODE: string } }).env.MODE === 'full';

// The driver is a software driver, so each kind of frame is tested once per model, and on WebGL, which is slower, once.
describe.each([
  [
    'webgl',
    full ? /gpt2: the judge's logits|not finite|nothing on the engine/ : /gpt2: .*not finite|nothing on the engine/,
  ],
  [
    'webgpu',
    full
      ? /judge's logits|recorded and replayed|cache gives the logits|gather|not finite|nothing on the engine/
      : /judge's logits|recorded and replayed|cache gives the logits|gather|llama: .*not finite|nothing on the engine/,
  ],
] as const)('the reference engine in a browser on %s', (backend, short) => {
  const cases = engineCases(() => startOnDevice(backend), { judge, breakEachTensor: true, longRun: 50 });
  for (const { name, run } of cases.filter(({ name }) => short.test(name))) test(name, run, 120_000);

  test('a logit that is not a number is an error of a choice on the device and of a combined model', async () => {
    const engine = await startOnDevice(backend);
    const { architecture, config: tiny } = tinyModels[1]!;
    // Large enough that a row is expensive to read back.
    const config = { ...(tiny as object), vocabSize: 4500 };
    const good = seededWeights(architecture, config);
    const whole = await createModel(engine, architecture, config, good);
    for (const value of [NaN, Infinity]) {
      const model = await createModel(engine, architecture, config, {
        ...good,
        async read(name) {
          const values = await good.read(name);
          if (name === 'lm_head.weight') values.fill(value, 40 * 3, 40 * 4);
          return values;
        },
      });
      for (const samplers of [
        [],
        [greedy()],
        [temperature({ temperature: 0.7 }), minP({ p: 0.1 })],
        [topK({ k: 5 })],
      ]) {
        const names = samplers.map(({ name }) => name).join();
        await expect(generate(model, [1, 2], { samplers, maxNewTokens: 2, seed: 1 }), names).rejects.toThrow(
          InvalidLogitsError,
        );
      }
      for (const rule of [contrastiveLogits(), classifierFreeGuidance({ guidanceScale: 1.5 }), dola()]) {
        const combined =
          rule.name === 'dola'
            ? combine({ expert: model, rule })
            : combine({ expert: whole, others: [{ model }], rule });
        await expect(generate(combined, [1, 2], { maxNewTokens: 2, seed: 1 }), rule.name).rejects.toThrow(
          InvalidLogitsError,
        );
      }
      model.dispose();
    }
    whole.dispose();
    expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
    await engine.dispose();
  }, 240_000);
});

/** Lose the device or context of a backend of TF.js, as a failing driver would. */
async function lose(backend: 'webgl' | 'webgpu'): Promise<void> {
  const { registry } = tf.engine() as unknown as { registry: Record<string, unknown> };
  if (backend === 'webgpu') {
    const { device } = registry.webgpu as { device: { destroy(): void; lost: Promise<unknown> } };
    device.destroy();
    await device.lost;
    return;
  }
  const { gl } = (registry.webgl as { gpgpu: { gl: WebGL2RenderingContext } }).gpgpu;
  gl.getExtension('WEBGL_lose_context')!.loseContext();
}

test.each(['webgl', 'webgpu'] as const)(
  '%s that is lost gives a typed error, and the next start works',
  async (backend) => {
    const { architecture, config } = tinyModels[0]!;
    const weights = seededWeights(architecture, config);
    const tokens = async (engine: Engine) => {
      const model = await createModel(engine, architecture, config, weights);
      const options = { maxNewTokens: 4, seed: 1, eosTokenIds: [], samplers: [] };
      const { ids } = await generate(model, [1, 2, 3], options);
      model.dispose();
      return ids[0];
    };
    const engine = await startOnDevice(backend);
    const expected = await tokens(engine);
    const model = await createModel(engine, architecture, config, weights);
    const cache = model.createCache();
    let received = 0;
    const stream = async (): Promise<void> => {
      for await (const event of generate(model, [1, 2, 3], { maxNewTokens: 4, seed: 1, samplers: [], cache }))
        if (event.type === 'token' && ++received === 2) await lose(backend);
    };
    await expect(stream()).rejects.toThrow(DeviceLostError);
    expect(received).toBe(2);
    expect(() => model.forward([[4]], cache)).toThrow(DeviceLostError);
    await expect(createModel(engine, architecture, config, weights)).rejects.toThrow(DeviceLostError);
    cache.dispose();
    model.dispose();
    await engine.dispose();
    expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
    const next = await startOnDevice(backend);
    expect(await tokens(next)).toEqual(expected);
    await next.dispose();
  },
  120_000,
);

test.each(['cpu', 'wasm'] as const)('the demo model writes the recorded text in a browser on %s', async (backend) => {
  const { model, tokenizer, dispose } = await load(demoModel(), { engine: await start(backend) });
  let text = 'Once upon a time';
  const options = { samplers: [greedy()], maxNewTokens: 24 };
  for await (const piece of generateText(model, tokenizer, text, options)) text += piece;
  expect(text).toMatch(/^Once upon a time, and then the king said, 'I will not be able to make you a kingdom\.'/);
  dispose();
});
