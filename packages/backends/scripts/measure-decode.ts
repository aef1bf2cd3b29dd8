// Measures the fused wasm engine (decoding, prompts, batches and long contexts) against the memory bandwidth of a plain
// loop in the same process.
//
//   node --conditions=@tokenwright/source scripts/measure-decode.ts [--shape small|tiny] [--weights 8-bit] [--threads 2]
//     [--cache f32] [--relaxed true|false] [--best]
//
// Numbers are medians, or with --best the best of each series, for machines that run other work at the same time.
import { parseArgs } from 'node:util';
import type { LanguageModel } from '@tokenwright/core';
import { type GPT2Config, gpt2 } from '@tokenwright/core/architectures';
import type { WeightSource } from '@tokenwright/core/engine';
import { createModel } from '@tokenwright/core/model';
import { type CacheElement, fusedWasm, type WeightFormat } from '../src/wasm/index.ts';

const { values: args } = parseArgs({
  options: {
    shape: { type: 'string', default: 'small' },
    weights: { type: 'string', default: '8-bit' },
    threads: { type: 'string', default: '2' },
    cache: { type: 'string', default: 'f32' },
    relaxed: { type: 'string' },
    best: { type: 'boolean', default: false },
  },
});

const common = { epsilon: 1e-5, activation: 'gelu-tanh', tied: true } as const;
const shapes: Record<string, GPT2Config> = {
  small: {
    ...common,
    vocabSize: 50257,
    contextLength: 1280,
    width: 768,
    layers: 12,
    heads: 12,
    intermediateSize: 3072,
  },
  tiny: { ...common, vocabSize: 512, contextLength: 1280, width: 128, layers: 4, heads: 4, intermediateSize: 512 },
};

function randomWeights({ vocabSize, contextLength, width, layers, intermediateSize }: GPT2Config): WeightSource {
  const tensors = new Map<string, readonly number[]>([
    ['wte.weight', [vocabSize, width]],
    ['wpe.weight', [contextLength, width]],
  ]);
  const norm = (name: string): void => {
    tensors.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]);
  };
  const linear = (name: string, inputs: number, outputs: number): void => {
    tensors.set(`${name}.weight`, [inputs, outputs]).set(`${name}.bias`, [outputs]);
  };
  for (let i = 0; i < layers; i++) {
    norm(`h.${i}.ln_1`);
    linear(`h.${i}.attn.c_attn`, width, 3 * width);
    linear(`h.${i}.attn.c_proj`, width, width);
    norm(`h.${i}.ln_2`);
    linear(`h.${i}.mlp.c_fc`, width, intermediateSize);
    linear(`h.${i}.mlp.c_proj`, intermediateSize, width);
  }
  norm('ln_f');
  return {
    name: 'random weights',
    names: () => [...tensors.keys()],
    shape: (name) => tensors.get(name),
    bytes: (name) => tensors.get(name)!.reduce((a, b) => a * b, 4),
    async read(name) {
      const values = new Float32Array(tensors.get(name)!.reduce((a, b) => a * b, 1));
      let state = 12345;
      for (let i = 0; i < values.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        values[i] = state * 1.6e-11;
      }
      return values;
    },
  };
}

/** Milliseconds of each call. */
function times(count: number, work: (i: number) => void): number[] {
  return Array.from({ length: count }, (_, i) => {
    const started = performance.now();
    work(i);
    return performance.now() - started;
  });
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

function prompt(length: number, vocabSize: number): number[] {
  return Array.from({ length }, (_, i) => (i * 7919 + 11) % vocabSize);
}

/** Prefill a prompt of any length; returns the cache. */
function read(model: LanguageModel, length: number, rows = 1): ReturnType<LanguageModel['createCache']> {
  const cache = model.createCache({ rows });
  const step = Math.max(1, Math.floor(model.maxTokens / rows));
  for (let at = 0; at < length; at += step) {
    const chunk = prompt(Math.min(step, length - at), model.vocabSize);
    model
      .forward(
        Array.from({ length: rows }, () => chunk),
        cache,
        { scored: 1 },
      )
      .dispose();
  }
  return cache;
}

function decode(model: LanguageModel, position: number, rows: number, count = 48): number {
  const cache = read(model, position, rows);
  const all = times(count, (i) =>
    model
      .forward(
        Array.from({ length: rows }, (_, row) => [(i * 31 + row) % model.vocabSize]),
        cache,
      )
      .dispose(),
  );
  cache.dispose();
  return args.best ? Math.min(...all) : median(all);
}

const config = shapes[args.shape]!;
const engine = await fusedWasm({
  threads: Number(args.threads),
  weights: args.weights as WeightFormat,
  cache: args.cache as CacheElement,
  ...(args.relaxed === undefined ? {} : { relaxed: args.relaxed === 'true' }),
}).start();
const bandwidth = engine.machine.readBandwidth(512e6);
const started = performance.now();
const model = await createModel(engine, gpt2, config, randomWeights(config));
const loaded = performance.now() - started;
const bytes = engine.memory().bytes;
read(model, 32).dispose();

const ms = decode(model, 32, 1);
const limit = bandwidth / 1000 / (model as unknown as { executable: { weightBytes: number } }).executable.weightBytes;
console.log(
  `${args.shape} ${args.weights} threads ${args.threads} relaxed ${engine.machine.relaxed} planes ${engine.machine.planes}: loaded in ${loaded.toFixed(0)} ms, ` +
    `${(bytes / 1e6).toFixed(0)} MB, read loop ${(bandwidth / 1e9).toFixed(1)} GB/s`,
);
console.log(
  `decode ${(1000 / ms).toFixed(1)} tok/s (${ms.toFixed(2)} ms), share of limit ${(1 / ms / limit).toFixed(2)}`,
);
const prefill = Math.min(
  ...times(3, () => {
    read(model, 128).dispose();
  }),
);
console.log(`prompt of 128: ${prefill.toFixed(0)} ms, ${(128000 / prefill).toFixed(0)} tok/s`);
for (const rows of [2, 4, 8]) {
  const step = decode(model, 32, rows, 24);
  console.log(
    `${rows} rows: ${((rows * 1000) / step).toFixed(0)} tok/s in all, ${((rows * ms) / step).toFixed(2)} times one`,
  );
}
const [near, far] = [decode(model, 100, 1), decode(model, 1000, 1)];
console.log(`position 100: ${near.toFixed(2)} ms, 1000: ${far.toFixed(2)} ms, ratio ${(far / near).toFixed(2)}`);
console.log(`sleeps at barriers ${engine.sleeps}`);
model.dispose();
await engine.dispose();
