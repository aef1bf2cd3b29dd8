import { describeStrategies } from './strategies-on-engines.ts';

describeStrategies('webgpu', { leaks: 'one step' });
