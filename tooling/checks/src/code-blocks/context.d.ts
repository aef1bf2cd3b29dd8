// What the code of the documents takes as given: a model that is loaded, a prompt, and names that a reader has seen before.

declare const engine: import('@tokenwright/core/engine').Engine;
declare const model: import('@tokenwright/core').LanguageModel;
declare const expert: import('@tokenwright/core').LanguageModel;
declare const amateur: import('@tokenwright/core').LanguageModel;
declare const smallModel: import('@tokenwright/core').LanguageModel;
declare const tokenizer: import('@tokenwright/core').Tokenizer;
declare const samplers: import('@tokenwright/core').Sampler[];
declare const mine: typeof import('@tokenwright/samplers').topK;
declare const ids: readonly number[];
declare const logits: Float32Array;
declare const values: Float32Array;
declare const tools: readonly object[];
declare const runtime: { nextTokenLogits(ids: Int32Array): Promise<Float32Array> };
declare const tf: typeof import('@tensorflow/tfjs-core') & { loadLayersModel(url: string): Promise<never> };

type Sampler = import('@tokenwright/core').Sampler;

declare module '*?url' {
  const url: string;
  export default url;
}
declare module 'onnxruntime-web' {
  const ort: { readonly InferenceSession: { create(path: string): Promise<never> }; readonly Tensor: never };
  export = ort;
}
