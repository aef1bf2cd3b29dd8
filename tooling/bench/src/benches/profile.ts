import * as tf from '@tensorflow/tfjs-core';
import type { Bench } from '../harness/bench.ts';
import { writeCheckpoint } from '../models/checkpoint.ts';
import { plain } from '../models/engines.ts';
import { BenchModel, Position } from '../models/model.ts';
import { gpt2Small } from '../models/shapes.ts';

/** Where the time of a decoding step goes in plain TensorFlow.js: calls and time of each kernel. */
export const profileBench: Bench = {
  name: 'profile',
  summary: 'kernels of one decoding step of plain TensorFlow.js on wasm: how many, and how long they take',
  async run(context) {
    await using checkpoint = await writeCheckpoint(gpt2Small);
    await using model = await BenchModel.open(plain('wasm'), checkpoint);
    using position = await Position.open(model, 128);
    const steps = context.quick ? 8 : 32;
    await position.timeSteps(steps);
    const spent = new KernelTimes('wasm');
    const whole = await position.timeSteps(steps);
    spent.stop();
    const turns = { noisy: false, foreign: undefined };
    const facts = { ...model.facts, unit: 'us' } as const;
    const rows = spent.entries.map(({ name, calls, time }) =>
      context.row(
        {
          ...facts,
          measure: `${Math.round(calls / steps)} x ${name}`,
          ratio: time / steps / whole,
          ratioTo: 'the step',
        },
        [(time * 1000) / steps],
        turns,
      ),
    );
    const kernels = spent.entries.reduce((sum, { time }) => sum + time, 0) / steps;
    const calls = Math.round(spent.entries.reduce((sum, entry) => sum + entry.calls, 0) / steps);
    const rest = whole - kernels;
    rows.push(
      context.row(
        { ...facts, measure: 'between the kernels', ratio: rest / whole, ratioTo: 'the step' },
        [rest * 1000],
        turns,
      ),
      context.row({ ...facts, measure: `the step, ${calls} kernels` }, [whole * 1000], turns),
    );
    context.print(`One decoding step, ${gpt2Small.name} on ${model.choice.engine}, from position 128`, rows);
  },
};

/** Wraps the kernels of a backend until stopped, and sums the time of each. */
class KernelTimes {
  readonly #kernels: readonly tf.KernelConfig[];
  readonly #spent: Map<string, { calls: number; time: number }> = new Map();

  constructor(backend: string) {
    this.#kernels = tf.getKernelsForBackend(backend);
    for (const kernel of this.#kernels) this.#replace({ ...kernel, kernelFunc: (call) => this.#timed(kernel, call) });
  }

  /** In descending order of time. Matrix products are listed by shape. */
  get entries(): { name: string; calls: number; time: number }[] {
    return [...this.#spent].map(([name, entry]) => ({ name, ...entry })).sort((a, b) => b.time - a.time);
  }

  stop(): void {
    for (const kernel of this.#kernels) this.#replace(kernel);
  }

  #timed(kernel: tf.KernelConfig, call: Parameters<tf.KernelFunc>[0]): ReturnType<tf.KernelFunc> {
    const began = performance.now();
    const result = kernel.kernelFunc(call);
    const time = performance.now() - began;
    const name = nameOf(kernel.kernelName, call.inputs);
    const entry = this.#spent.get(name) ?? { calls: 0, time: 0 };
    this.#spent.set(name, { calls: entry.calls + 1, time: entry.time + time });
    return result;
  }

  #replace(kernel: tf.KernelConfig): void {
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    tf.registerKernel(kernel);
  }
}

function nameOf(kernel: string, { a, b }: tf.NamedTensorInfoMap): string {
  if (!kernel.includes('MatMul') || a === undefined || b === undefined) return kernel;
  return `${kernel} ${a.shape.join('x')} by ${b.shape.join('x')}`;
}
