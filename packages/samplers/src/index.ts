export { type ChainRule, type ChainSetting, type ChainWarning, checkChain } from '@tokenwright/core';
export { type ChainJson, chainFromJson, chainToJson, type SamplerJson } from './composition/chain-json.ts';
export { describeSamplers, type OptionDescription, type SamplerDescription } from './composition/describe.ts';
export {
  type ChainDifference,
  diffChains,
  type ParameterDifference,
  printDifferences,
} from './composition/diff-chains.ts';
export { type PrintedStage, printChain, printSampler } from './composition/print-chain.ts';
export {
  createSamplerRegistry,
  type SamplerMaker,
  type SamplerRegistry,
  samplerRegistry,
  withTokenizer,
} from './composition/registry.ts';
export { badWordTokens } from './constraints/bad-words.ts';
export { distinctNgrams, repeatedNgrams } from './metrics/ngram-diversity.ts';
export { PatternError } from './patterns/pattern-syntax.ts';
export { type HealedPrompt, healPrompt } from './patterns/token-healing.ts';
export { tokenTexts, vocabularyTexts } from './patterns/vocabulary.ts';
export { dryBreakers, dryBreakerTexts } from './penalties/dry.ts';
export type { BiasedSequence } from './penalties/sequence-bias.ts';
export { type FlatSamplingOptions, flatSamplingOptions, samplersFromOptions } from './presets/flat-options.ts';
export {
  fromGenerationConfig,
  type GenerationConfigChain,
  type GenerationConfigOptions,
} from './presets/generation-config.ts';
export { type Gpt2Options, gpt2 } from './presets/gpt2.ts';
export { type HuggingFaceOptions, huggingFace } from './presets/hugging-face.ts';
export { type LlamaCppOptions, type LlamaCppStage, llamaCpp } from './presets/llama-cpp.ts';
export { type OllamaOptions, ollama } from './presets/ollama.ts';
export type { PresetDefinition, PresetFactory } from './presets/preset.ts';
export { type VllmOptions, vllm } from './presets/vllm.ts';
export { type XTransformersOptions, xTransformers } from './presets/x-transformers.ts';
export * from './samplers.ts';
export type { Bias } from './shared/bias.ts';
export { detectKgwWatermark, type KgwDetectorOptions, type KgwEvidence } from './watermarks/kgw-watermark.ts';
export { detectSynthId, type SynthIdDetectorOptions, type SynthIdEvidence } from './watermarks/synth-id.ts';
