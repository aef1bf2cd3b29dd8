import '@tensorflow/tfjs-backend-cpu';
import { describeFormats } from './format-laws.ts';

describeFormats(['8-bit']);
