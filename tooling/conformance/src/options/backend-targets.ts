import { bestEngine, selectEngine } from '@tokenwright/backends';
import { tfjs } from '@tokenwright/backends/tfjs';
import { fusedWasm } from '@tokenwright/backends/wasm';
import { fusedWebgpu } from '@tokenwright/backends/webgpu';
import { options, type Parameter, type Target, types } from './target.ts';

const started = { name: 'none', dispose: () => {} };
const starter = { name: 'none', start: async () => started };
const loose = (name: string, type: Parameter['type'] = types.any, valid?: unknown): Parameter => ({
  name,
  type,
  valid,
});

/** The factories only describe an engine; none is started. */
export const backendTargets: readonly Target[] = [
  {
    name: 'fusedWasm',
    parameters: [options],
    options: [
      loose('threads', types.integer),
      loose('weights', types.text),
      loose('cache', types.text),
      loose('memoryLimit', types.number),
      loose('relaxed', types.flag),
      loose('profile', types.flag),
      loose('onNotice', types.callback),
    ],
    call: (given) => fusedWasm(given as never),
  },
  {
    name: 'fusedWebgpu',
    parameters: [options],
    options: [
      loose('weights', types.text),
      loose('cache', types.text),
      loose('subgroups', types.flag),
      loose('float16', types.flag),
      loose('batchInvariant', types.flag),
      loose('tensors', types.callback),
      loose('onNotice', types.callback),
    ],
    call: (given) => fusedWebgpu(given as never),
  },
  {
    name: 'tfjs',
    parameters: [options],
    options: [
      loose('backend', types.text, 'cpu'),
      loose('wasmPaths', (value) => types.text(value) || types.record(value)),
      loose('memoryLimit', types.number),
      loose('onNotice', types.callback),
    ],
    call: (given) => tfjs(given as never),
  },
  {
    name: 'bestEngine',
    parameters: [options],
    options: [
      loose('modelBytes', types.number, 0),
      loose('parameters', types.number),
      loose('weights', types.text),
      loose('threads', types.integer),
      loose('candidates', types.list, [starter]),
      loose('onSkipped', types.callback),
      loose('onNotice', types.callback),
    ],
    call: (given) => bestEngine(given as never),
  },
  {
    name: 'selectEngine',
    parameters: [
      { name: 'starters', type: types.list, valid: [starter], alsoNamed: ['No engine is available'] },
      options,
    ],
    options: [loose('onSkipped', types.callback)],
    call: (...given) => (selectEngine as (...all: unknown[]) => unknown)(...given),
  },
];
