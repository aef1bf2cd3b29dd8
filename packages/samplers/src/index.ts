export { type AdaptivePOptions, adaptiveP } from './adaptive-p.ts';
export { type ChainJson, chainFromJson, chainToJson, type SamplerJson } from './composition/chain-json.ts';
export { type ChainRule, type ChainWarning, checkChain } from './composition/check-chain.ts';
export {
  type ChainDifference,
  diffChains,
  type ParameterDifference,
  printDifferences,
} from './composition/diff-chains.ts';
export { printChain, printSampler } from './composition/print-chain.ts';
export { type SamplerFactory, type SamplerRegistry, samplerRegistry } from './composition/registry.ts';
export { type DynamicTemperatureOptions, dynamicTemperature } from './dynamic-temperature.ts';
export { type EpsilonOptions, epsilon } from './epsilon.ts';
export { type EtaOptions, eta } from './eta.ts';
export { greedy } from './greedy.ts';
export { type InfillOptions, infill } from './infill.ts';
export { type MinPOptions, minP } from './min-p.ts';
export type { MirostatOptions } from './mirostat.ts';
export { type Mirostat1Options, mirostat1 } from './mirostat-1.ts';
export { type Mirostat2Options, mirostat2 } from './mirostat-2.ts';
export { type PLessOptions, pLess } from './p-less.ts';
export { type Gpt2Options, gpt2 } from './presets/gpt2.ts';
export { type HuggingFaceOptions, huggingFace } from './presets/hugging-face.ts';
export { type LlamaCppOptions, type LlamaCppStage, llamaCpp } from './presets/llama-cpp.ts';
export { type VllmOptions, vllm } from './presets/vllm.ts';
export { type XTransformersOptions, xTransformers } from './presets/x-transformers.ts';
export { type RepetitionPenaltyOptions, repetitionPenalty } from './repetition-penalty.ts';
export { type TailFreeOptions, tailFree } from './tail-free.ts';
export { type TemperatureOptions, temperature } from './temperature.ts';
export { type TopAOptions, topA } from './top-a.ts';
export { type TopHOptions, topH } from './top-h.ts';
export { type TopKOptions, topK } from './top-k.ts';
export { type TopNSigmaOptions, topNSigma } from './top-n-sigma.ts';
export { type TopPOptions, topP } from './top-p.ts';
export { type TypicalOptions, typical } from './typical.ts';
export { type XtcOptions, xtc } from './xtc.ts';
