import '@tensorflow/tfjs-backend-cpu';
import { describeCheckpointCaches } from '../testing/checkpoint-cache-laws.ts';
import { describeCheckpoints, goldenModels, stories } from '../testing/checkpoint-laws.ts';

const demos = ['story-amateur', 'translate'].map((name) => `packages/demo-model/models/${name}`);
describeCheckpoints([...goldenModels, ...demos], ['8-bit', '4-bit-blocks']);
describeCheckpoints([stories], ['8-bit']);
describeCheckpointCaches([...goldenModels, stories, ...demos], ['8-bit']);
