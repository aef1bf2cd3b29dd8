import '@tensorflow/tfjs-backend-cpu';
import { weightFormats } from '../graph/weight-format.ts';
import { tryRelaxed } from './module/kernels.ts';
import { describeLaws } from './testing/engine-laws.ts';
import { lawModels } from './testing/tiny-models.ts';

const { works } = await tryRelaxed();
if (!works) console.warn('Skipped: this WebAssembly engine has no relaxed SIMD.');

// Every model in every format, on both builds; engine.test.ts runs some of them.
for (const tiny of lawModels)
  for (const format of weightFormats)
    for (const relaxed of works ? [false, true] : [false]) describeLaws(tiny, format, relaxed);
