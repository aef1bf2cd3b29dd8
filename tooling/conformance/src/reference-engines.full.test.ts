import { engineCases } from '@tokenwright/core/testing';
import { describe, test } from 'vitest';
import { testEngine } from './engines.ts';
import { installWebgpu } from './webgpu-node.ts';

const judge = async () => (await testEngine('cpu'))!;

describe.skipIf((await installWebgpu()) === undefined)('every contract of the reference engine on WebGPU', () => {
  const start = async () => (await testEngine('webgpu'))!;
  for (const { name, run } of engineCases(start, { judge, kinds: ['static', 'dynamic'], longRun: 200 }))
    test(name, run, 600_000);
});
