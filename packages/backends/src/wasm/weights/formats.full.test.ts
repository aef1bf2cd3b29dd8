import '@tensorflow/tfjs-backend-cpu';
import { weightFormats } from '../../graph/weight-format.ts';
import { tryRelaxed } from '../module/kernels.ts';
import { describeCheckpointCaches } from '../testing/checkpoint-cache-laws.ts';
import { describeCheckpoints, goldenModels, stories } from '../testing/checkpoint-laws.ts';

const { works } = await tryRelaxed();
if (!works) console.warn('Skipped: this WebAssembly engine has no relaxed SIMD.');

// Every checkpoint in every format, on both builds; formats.test.ts runs some of them.
const builds = works ? [false, true] : [false];
const demos = ['story', 'story-amateur', 'translate'].map((name) => `packages/demo-model/models/${name}`);
describeCheckpoints([...goldenModels, stories, ...demos], weightFormats, builds);
describeCheckpointCaches([...goldenModels, stories, ...demos], weightFormats);
