import { enableProdMode } from '@tensorflow/tfjs-core';
import { type EngineStarter, selectEngine, tfjs } from '@tokenwright/backends';
import { fusedWasm, type WeightFormat } from '@tokenwright/backends/wasm';
import type { Engine } from '@tokenwright/core';
import type { Flag, Given } from './cli/command.ts';
import { misuse } from './cli/failure.ts';
import { tell } from './cli/tell.ts';

const group = 'Model and engine';
const formats: readonly WeightFormat[] = ['f32', 'f16', '8-bit', '8-bit-blocks', '4-bit-blocks'];

/** Engines by the name that --engine gives them, in the order in which `auto` tries them. */
const engines: Readonly<Record<string, (given: Given) => EngineStarter>> = {
  fused: (given) => fusedWasm(fusedOptions(given)),
  wasm: () => tfjs({ backend: 'wasm' }),
  cpu: () => tfjs({ backend: 'cpu' }),
  webgpu: () => tfjs({ backend: 'webgpu' }),
};
const automatic = ['fused', 'wasm', 'cpu'] as const;

/** Names of all engines, 'auto' first. */
export const engineNames: readonly string[] = ['auto', ...Object.keys(engines)];

export const engineFlags: readonly Flag[] = [
  {
    name: 'engine',
    value: engineNames.join('|'),
    help: 'Where to compute. auto (the default) takes the first that starts of fused (WebAssembly kernels that are made for this), wasm and cpu (TensorFlow.js). webgpu needs the packages webgpu and @tensorflow/tfjs-backend-webgpu.',
    group,
    choices: engineNames,
    closed: true,
  },
  {
    name: 'weights',
    value: 'FORMAT',
    help: `How the fused engine holds matrices: ${formats.join(', ')}. Fewer bits are faster and smaller, and less exact. Default f32.`,
    group,
    choices: formats,
    closed: true,
  },
  {
    name: 'threads',
    value: 'N',
    help: 'Threads of the fused engine. Default: those of the machine, at most 8.',
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
  if (own !== undefined && choice !== 'auto' && choice !== 'fused')
    throw misuse(`--${own} is for the fused engine, but --engine ${choice} was given.`);
  if (choice !== 'auto') return [engines[choice]!(given)];
  return (own === undefined ? automatic : (['fused'] as const)).map((name) => engines[name]!(given));
}

function reasonOf(given: Given, choice: string, starters: readonly EngineStarter[]): string {
  if (choice !== 'auto') return 'asked for';
  const own = ownFlag(given);
  if (own !== undefined) return `the one that knows --${own}`;
  return `the first that starts of ${starters.map(({ name }) => name).join(', ')}`;
}

/** The flag given that only the fused engine knows. */
function ownFlag(given: Given): string | undefined {
  return ['weights', 'threads'].find((name) => given.has(name));
}

function fusedOptions(given: Given): { readonly weights?: WeightFormat; readonly threads?: number } {
  const weights = given.text('weights') as WeightFormat | undefined;
  const threads = given.number('threads');
  return { ...(weights === undefined ? {} : { weights }), ...(threads === undefined ? {} : { threads }) };
}
