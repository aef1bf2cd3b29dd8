import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { fusedWebgpu } from '@tokenwright/backends/webgpu';
import { beforeAll, describe } from 'vitest';
import { disposeOrderCases } from './dispose-order.ts';
import { installWebgpu } from './webgpu-node.ts';

beforeAll(async () => void (await tf.setBackend('cpu')));

describe.skipIf((await installWebgpu()) === undefined)('dispose order on the fused webgpu engine', () =>
  disposeOrderCases(() => fusedWebgpu().start()),
);
