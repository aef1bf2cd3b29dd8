import plainUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { type TfjsBackend, tfjs } from '@tokenwright/backends/tfjs';
import { type Engine, generateText } from '@tokenwright/core';
import { engineCases } from '@tokenwright/core/testing';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';
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

// The adapter is a software driver, so each kind of frame is tested once per model.
describe('the reference engine in a browser on webgpu', () => {
  const cases = engineCases(
    async () => {
      const engine = await start('webgpu');
      // Otherwise small tensors are computed on the CPU.
      tf.env().set('WEBGPU_CPU_FORWARD', false);
      return engine;
    },
    { judge, longRun: 50 },
  );
  const short = /judge's logits|recorded once|cache gives the logits|gather|nothing on the engine/;
  for (const { name, run } of cases.filter(({ name }) => short.test(name))) test(name, run, 120_000);
});

test.each(['cpu', 'wasm'] as const)('the demo model writes the recorded text in a browser on %s', async (backend) => {
  const { model, tokenizer, dispose } = await load(demoModel(), { engine: await start(backend) });
  let text = 'Once upon a time';
  const options = { samplers: [greedy()], maxNewTokens: 24 };
  for await (const piece of generateText(model, tokenizer, text, options)) text += piece;
  expect(text).toMatch(/^Once upon a time, and then the king said, 'I will not be able to make you a kingdom\.'/);
  dispose();
});
