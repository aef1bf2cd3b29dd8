import { describeContract, describeStrategies } from './strategies-on-engines.ts';

describeStrategies('cpu');
describeStrategies('webgpu', { leaks: 'one step' });
describeContract('cpu');
describeContract('webgpu', ['beam search', 'speculation by a draft']);
