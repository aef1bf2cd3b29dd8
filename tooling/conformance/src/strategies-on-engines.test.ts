import { describeStrategies } from './strategies-on-engines.ts';

describeStrategies('wasm');
// A software GPU is slow: here one strategy of a kind, the others and the leaks in the full tests.
describeStrategies('webgpu', { only: ['beam search', 'contrastive', 'speculation by a draft'], leaks: 'none' });
