import { describe } from 'vitest';
import { demoModelSuite } from './demo-model-suite.ts';
import { installWebgpu } from './webgpu-node.ts';

describe.skipIf((await installWebgpu()) === undefined)('more tokens of story-amateur on WebGPU', () => {
  describe('on cpu', () => demoModelSuite('cpu', 'story-amateur', 24));
  describe('on WebGPU', () => demoModelSuite('webgpu', 'story-amateur', 24));
});
