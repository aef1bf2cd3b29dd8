import '@tensorflow/tfjs-backend-cpu';
import { describe, vi } from 'vitest';
import { testCheckpoints } from '../wasm/testing/checkpoint-tests.ts';
import { hasWebgpu, startWebgpu } from './testing/start.ts';

// A software driver takes about a second to compile each kernel.
vi.setConfig({ testTimeout: 300_000 });
const here = await hasWebgpu();

describe.skipIf(!here)('on WebGPU', () => testCheckpoints(startWebgpu));
