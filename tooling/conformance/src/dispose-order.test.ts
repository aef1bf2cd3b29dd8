import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { fusedWasm } from '@tokenwright/backends/wasm';
import { referenceEngine } from '@tokenwright/core/reference';
import { beforeAll, describe } from 'vitest';
import { disposeOrderCases } from './dispose-order.ts';

beforeAll(async () => void (await tf.setBackend('cpu')));

describe('dispose order on the reference engine', () => disposeOrderCases(() => referenceEngine({ backend: 'cpu' })));

describe('dispose order on the fused wasm engine', () => disposeOrderCases(() => fusedWasm({ threads: 2 }).start()));
