import { enableProdMode } from '@tensorflow/tfjs-core';
import { type EngineStarter, selectEngine } from '@tokenwright/backends';
import { tfjs } from '@tokenwright/backends/tfjs';
import { fusedWasm, type WeightFormat } from '@tokenwright/backends/wasm';
import { fusedWebgpu } from '@tokenwright/backends/webgpu';
import type { Engine } from '@tokenwright/core';
import type { Flag, Given } from './cli/command.ts';
import { misuse } from './cli/failure.ts';
import { tell } from './cli/tell.ts';

const group = 'Model and engine';
const formats: readonly WeightFormat[] = ['f32', 'f16', '8-bit', '8-bit-blocks', '4-bit-blocks'];

/** Engines by the name that --engine gives them, in the order in which `auto` tries them. */
const engines: Readonly<Record<string, (given: Given) => EngineStarter>> = {
  fused: (given) => fusedWasm({ ...weightsOf(given), ...threadsOf(given) }),
  'fused-webgpu': (given) => fusedWebgpu(weightsOf(given)),
  wasm: () => tfjs({ backend: 'wasm' }),
  cpu: () => tfjs({ backend: 'cpu' }),
  webgpu: () => tfjs({ backend: 'webgpu' }),
};
const automatic = ['fused', 'wasm', 'cpu'] as const;

/** Flags that only some engines know; without --engine they choose the first of these. */
const flagsOfEngines: Readonly<Record<string, readonly string[]>> = {
  weights: ['fused', 'fused-webgpu'],
  threads: ['fused'],
};

/** Names of all engines, 'auto' first. */
export const engineNames: readonly string[] = ['auto', ...Object.keys(engines)];

export const engineFlags: readonly Flag[] = [
  {
    name: 'engine',
    value: engineNames.join('|'),
    help: 'Where to compute. auto (the default) takes the first that starts of fused (WebAssembly kernels that are made for this), wasm and cpu (TensorFlow.js). fused-webgpu and webgpu (TensorFlow.js) compute on a graphics card and need the package webgpu; webgpu needs @tensorflow/tfjs-backend-webgpu, too.',
    group,
    choices: engineNames,
    closed: true,
  },
  {
    name: 'weights',
    value: 'FORMAT',
    help: `How the fused engines hold matrices: ${formats.join(', ')}. Fewer bits are faster and smaller, and less exact. Default f32.`,
    group,
    choices: formats,
    closed: true,
  },
  {
    name: 'threads',
    value: 'N',
    help: 'Threads of the engine fused. Default: those of the machine, at most 8.',
    group,
  },
  { name: 'context', value: 'N', help: "Use a shorter context than the model's.", group },
];

/** The engine of the flags. */
export async function startEngine(given: Given): Promise<Engine> {
  const choice = given.text('engine') ?? 'auto';
  const skipped: string[] = [];
  const starters = startersOf(given, choice);
  const engine =
    starters.length === 1
      ? await starters[0]!.start()
      : await selectEngine(starters, {
          onSkipped: (name, reason) => void skipped.push(`${name}: ${reason.message}`),
        });
  for (const line of skipped) tell(given, `skipped ${line}`);
  tell(given, `engine: ${engine.name}, ${reasonOf(given, choice, starters)}`);
  return engine;
}

/** The engines that a choice stands for. */
export function startersOf(given: Given, choice: string): readonly EngineStarter[] {
  // Keeps TensorFlow.js from printing an advertisement.
  enableProdMode();
  const own = ownFlag(given);
  if (choice === 'auto') {
    const names = own === undefined ? automatic : [flagsOfEngines[own]![0]!];
    return names.map((name) => engines[name]!(given));
  }
  for (const [flag, knowing] of Object.entries(flagsOfEngines))
    if (given.has(flag) && !knowing.includes(choice))
      throw misuse(`--${flag} is for --engine ${knowing.join(' or ')}, but --engine ${choice} was given.`);
  return [engines[choice]!(given)];
}

function reasonOf(given: Given, choice: string, starters: readonly EngineStarter[]): string {
  if (choice !== 'auto') return 'asked for';
  const own = ownFlag(given);
  if (own !== undefined) return `the first that knows --${own}`;
  return `the first that starts of ${starters.map(({ name }) => name).join(', ')}`;
}

/** A flag given that not every engine knows. */
function ownFlag(given: Given): string | undefined {
  return Object.keys(flagsOfEngines).find((name) => given.has(name));
}

function weightsOf(given: Given): { readonly weights?: WeightFormat } {
  const weights = given.text('weights') as WeightFormat | undefined;
  return weights === undefined ? {} : { weights };
}

function threadsOf(given: Given): { readonly threads?: number } {
  const threads = given.number('threads');
  return threads === undefined ? {} : { threads };
}
