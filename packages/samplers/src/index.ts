export { type ChainRule, type ChainSetting, type ChainWarning, checkChain } from '@tokenwright/core';
export { type ChainJson, chainFromJson, chainToJson, type SamplerJson } from './composition/chain-json.ts';
export {
  type ChainDifference,
  diffChains,
  type ParameterDifference,
  printDifferences,
} from './composition/diff-chains.ts';
export { printChain, printSampler } from './composition/print-chain.ts';
export { type SamplerFactory, type SamplerRegistry, samplerRegistry } from './composition/registry.ts';
export { type AllowedTokensOptions, allowedTokens } from './constraints/allowed-tokens.ts';
export { type BadWordsOptions, badWords, badWordTokens } from './constraints/bad-words.ts';
export { type EncoderNoRepeatNgramOptions, encoderNoRepeatNgram } from './constraints/encoder-no-repeat-ngram.ts';
export { type ForcedBosTokenOptions, forcedBosToken } from './constraints/forced-bos-token.ts';
export { type ForcedEosTokenOptions, forcedEosToken } from './constraints/forced-eos-token.ts';
export { type MinLengthOptions, minLength } from './constraints/min-length.ts';
export { type MinNewTokensOptions, minNewTokens } from './constraints/min-new-tokens.ts';
export { type NoRepeatNgramOptions, noRepeatNgram } from './constraints/no-repeat-ngram.ts';
export {
  type PrefixAllowedTokensOptions,
  prefixAllowedTokens,
} from './constraints/prefix-allowed-tokens.ts';
export { type SuppressTokensOptions, suppressTokens } from './constraints/suppress-tokens.ts';
export { type SuppressTokensAtBeginOptions, suppressTokensAtBegin } from './constraints/suppress-tokens-at-begin.ts';
export { type ThinkingBudgetOptions, thinkingBudget } from './constraints/thinking-budget.ts';
export { type AdaptivePOptions, adaptiveP } from './controllers/adaptive-p.ts';
export type { MirostatOptions } from './controllers/mirostat.ts';
export { type Mirostat1Options, mirostat1 } from './controllers/mirostat-1.ts';
export { type Mirostat2Options, mirostat2 } from './controllers/mirostat-2.ts';
export { type EpsilonCutoffOptions, epsilonCutoff } from './filters/epsilon-cutoff.ts';
export { type EtaCutoffOptions, etaCutoff } from './filters/eta-cutoff.ts';
export { type MinPOptions, minP } from './filters/min-p.ts';
export { type PLessOptions, pLess } from './filters/p-less.ts';
export { type TailFreeOptions, tailFree } from './filters/tail-free.ts';
export { type TopAOptions, topA } from './filters/top-a.ts';
export { type TopHOptions, topH } from './filters/top-h.ts';
export { type TopKOptions, topK } from './filters/top-k.ts';
export { type TopNSigmaOptions, topNSigma } from './filters/top-n-sigma.ts';
export { type TopPOptions, topP } from './filters/top-p.ts';
export { type TypicalPOptions, typicalP } from './filters/typical-p.ts';
export { type XtcOptions, xtc } from './filters/xtc.ts';
export { distinctNgrams, repeatedNgrams } from './metrics/ngram-diversity.ts';
export { type InfillOptions, infill } from './patterns/infill.ts';
export { PatternError } from './patterns/pattern-syntax.ts';
export { type RegexOptions, regex } from './patterns/regex.ts';
export { type HealedPrompt, healPrompt, type TokenHealingOptions, tokenHealing } from './patterns/token-healing.ts';
export { vocabularyTexts } from './patterns/vocabulary.ts';
export { type AdditivePenaltyOptions, additivePenalty } from './penalties/additive-penalty.ts';
export { type DryOptions, dry, dryBreakers, dryBreakerTexts } from './penalties/dry.ts';
export {
  type EncoderRepetitionPenaltyOptions,
  encoderRepetitionPenalty,
} from './penalties/encoder-repetition-penalty.ts';
export { type ExponentialLengthDecayOptions, exponentialLengthDecay } from './penalties/exponential-length-decay.ts';
export { type FrequencyPenaltyOptions, frequencyPenalty } from './penalties/frequency-penalty.ts';
export { type PresencePenaltyOptions, presencePenalty } from './penalties/presence-penalty.ts';
export { type RepetitionPenaltyOptions, repetitionPenalty } from './penalties/repetition-penalty.ts';
export { type SequenceBiasOptions, sequenceBias } from './penalties/sequence-bias.ts';
export { type Bias, type TokenBiasOptions, tokenBias } from './penalties/token-bias.ts';
export {
  fromGenerationConfig,
  type GenerationConfigChain,
  type GenerationConfigOptions,
} from './presets/generation-config.ts';
export { type Gpt2Options, gpt2 } from './presets/gpt2.ts';
export { type HuggingFaceOptions, huggingFace } from './presets/hugging-face.ts';
export { type LlamaCppOptions, type LlamaCppStage, llamaCpp } from './presets/llama-cpp.ts';
export { type VllmOptions, vllm } from './presets/vllm.ts';
export { type XTransformersOptions, xTransformers } from './presets/x-transformers.ts';
export { type DynamicTemperatureOptions, dynamicTemperature } from './shaping/dynamic-temperature.ts';
export { greedy } from './shaping/greedy.ts';
export { normalize } from './shaping/normalize.ts';
export { removeInvalid } from './shaping/remove-invalid.ts';
export { type TemperatureOptions, temperature } from './shaping/temperature.ts';
export type { EosTokenIdsOption } from './shared/eos-token-ids.ts';
export type { SequenceNeeds } from './shared/token-ids.ts';
export {
  detectKgwWatermark,
  type KgwDetectorOptions,
  type KgwEvidence,
  type KgwWatermarkOptions,
  kgwWatermark,
} from './watermarks/kgw-watermark.ts';
export {
  detectSynthId,
  type SynthIdDetectorOptions,
  type SynthIdEvidence,
  type SynthIdOptions,
  synthId,
} from './watermarks/synth-id.ts';
