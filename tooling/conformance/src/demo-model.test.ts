import { describe } from 'vitest';
import { demoModelSuite } from './demo-model-suite.ts';
import { installWebgpu } from './webgpu-node.ts';

describe.each(['story', 'story-amateur'] as const)('the demo model %s', (name) => {
  describe('on wasm', () => demoModelSuite('wasm', name, 64));
  describe('on cpu', () => demoModelSuite('cpu', name, 64));
});

// A software GPU takes about half a second per token; `pnpm test:full` decodes more.
describe.skipIf((await installWebgpu()) === undefined)('the demo model story-amateur on WebGPU', () => {
  demoModelSuite('webgpu', 'story-amateur', 4);
});
