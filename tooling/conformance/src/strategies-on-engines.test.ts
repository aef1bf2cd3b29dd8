import { describeContract, describeStrategies } from './strategies-on-engines.ts';

describeStrategies('wasm');
describeContract('wasm');
describeStrategies('fused wasm');
describeContract('fused wasm');
// A software GPU is slow: here one strategy of a kind, the others, the leaks and the contract in the full tests.
describeStrategies('webgpu', { only: ['beam search', 'contrastive', 'speculation by a draft'], leaks: 'none' });
