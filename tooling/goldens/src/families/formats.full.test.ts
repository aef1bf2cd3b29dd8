import '@tensorflow/tfjs-backend-cpu';
import { describeFormats } from './format-laws.ts';

describeFormats(['f16', '8-bit-blocks', '4-bit-blocks']);
