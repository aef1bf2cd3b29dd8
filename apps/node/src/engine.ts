import { enableProdMode } from '@tensorflow/tfjs-core';
import { type BestEngine, bestEngine, type EngineName, type WeightOption, weightOptions } from '@tokenwright/backends';
import type { Flag, Given } from './cli/command.ts';
import { misuse } from './cli/failure.ts';
import { note, tell } from './cli/tell.ts';

const group = 'Model and engine';

/** Engines that run in Node. */
const engines: readonly EngineName[] = ['fused-wasm', 'fused-webgpu', 'tfjs-wasm', 'tfjs-cpu', 'tfjs-webgpu'];

/** Names of all engines, 'auto' first. */
export const engineNames: readonly string[] = ['auto', ...engines];

/** Flags that only some engines have. */
const flagsOfEngines: Readonly<Record<string, readonly string[]>> = {
  weights: ['fused-wasm', 'fused-webgpu'],
  threads: ['fused-wasm'],
};

export const engineFlags: readonly Flag[] = [
  {
    name: 'engine',
    value: 'NAME',
    help: `Where to compute: ${engineNames.join(', ')}. auto (the default) takes the first that suits the model and starts: fused-wasm (WebAssembly kernels made for decoding), fused-webgpu on a GPU, tfjs-wasm, tfjs-cpu (TensorFlow.js). The engines on WebGPU need the package webgpu; tfjs-webgpu also needs @tensorflow/tfjs-backend-webgpu.`,
    group,
    choices: engineNames,
    closed: true,
  },
  {
    name: 'weights',
    value: 'FORMAT',
    help: `How the fused engines hold matrices: ${weightOptions.join(', ')}. Fewer bits are faster and smaller, and less exact. auto (the default) is 8-bit for models of more than 100 million parameters, otherwise f32.`,
    group,
    choices: weightOptions,
    closed: true,
  },
  {
    name: 'threads',
    value: 'N',
    help: 'Threads of the engine fused-wasm. Default: those of the machine, at most 8.',
    group,
  },
  { name: 'context', value: 'N', help: "Use a shorter context than the model's.", group },
];

/** How large a model is. */
export interface ModelSize {
  /** Bytes of the weights as stored. */
  readonly modelBytes: number;
  readonly parameters: number;
}

/** The engine of the flags for a model of this size: the one that is named, or the best one of this machine. */
export async function startEngine(given: Given, { modelBytes, parameters }: ModelSize): Promise<BestEngine> {
  // Without this, TensorFlow.js prints an advertisement.
  enableProdMode();
  checkEngineFlags(given);
  const named = given.text('engine') ?? 'auto';
  const weights = given.text('weights') as WeightOption | undefined;
  const threads = given.number('threads');
  const best = await bestEngine({
    modelBytes,
    parameters,
    ...(named === 'auto' ? {} : { candidates: [named as EngineName] }),
    ...(weights === undefined ? {} : { weights }),
    ...(threads === undefined ? {} : { threads }),
    onSkipped: (name, { message }) => tell(given, `engine: ${name} is not used: ${message}`),
    onNotice: note,
  });
  tell(given, `engine: ${best.report.summary}`);
  return best;
}

/**
 * Check the flags of an engine before anything is loaded.
 *
 * @throws Failure for a value that is not allowed, and for a flag that the named engine does not have.
 */
export function checkEngineFlags(given: Given): void {
  for (const flag of ['threads', 'context']) {
    const value = given.number(flag);
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw misuse(`--${flag} must be an integer of at least 1, but ${value} was given.`);
  }
  const named = given.text('engine') ?? 'auto';
  if (named === 'auto') return;
  for (const [flag, having] of Object.entries(flagsOfEngines))
    if (given.has(flag) && !having.includes(named))
      throw misuse(`--${flag} is for --engine ${having.join(' or ')}, but --engine ${named} was given.`);
}
