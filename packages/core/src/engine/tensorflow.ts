// biome-ignore-all lint/suspicious/noTsIgnore: the directive is for the declarations, where the package may be missing.
// TensorFlow.js is optional. Where it is not installed these types are `any`, and the declarations of this package still compile.

/** The operations of TensorFlow.js, as `import * as tf from '@tensorflow/tfjs-core'` gives them.
 * @ts-ignore */
export type TensorFlow = typeof import('@tensorflow/tfjs-core');

/** A matrix of TensorFlow.js.
 * @ts-ignore */
export type Tensor2D = import('@tensorflow/tfjs-core').Tensor2D;
