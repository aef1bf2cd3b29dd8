import { describeContract, describeStrategies } from './strategies-on-engines.ts';

describeStrategies('cpu');
describeStrategies('webgpu', { leaks: 'one step' });
describeContract('cpu');
describeContract('webgpu', ['beam search', 'speculation by a draft']);
describeContract('fused wasm with 8-bit weights and an f16 cache');
describeContract('fused wasm with 4-bit-blocks weights and an 8-bit cache');
