export { type ChainRule, type ChainSetting, type ChainWarning, checkChain } from '@tokenwright/core';
export { type AdaptivePOptions, adaptiveP } from './adaptive-p.ts';
export { type AdditivePenaltyOptions, additivePenalty } from './additive-penalty.ts';
export { type AllowedTokensOptions, allowedTokens } from './allowed-tokens.ts';
export { type BadWordsOptions, badWords, badWordTokens } from './bad-words.ts';
export { type ChainJson, chainFromJson, chainToJson, type SamplerJson } from './composition/chain-json.ts';
export {
  type ChainDifference,
  diffChains,
  type ParameterDifference,
  printDifferences,
} from './composition/diff-chains.ts';
export { printChain, printSampler } from './composition/print-chain.ts';
export { type SamplerFactory, type SamplerRegistry, samplerRegistry } from './composition/registry.ts';
export { type DryOptions, dry, dryBreakers, dryBreakerTexts } from './dry.ts';
export { type DynamicTemperatureOptions, dynamicTemperature } from './dynamic-temperature.ts';
export { type EncoderNoRepeatNgramOptions, encoderNoRepeatNgram } from './encoder-no-repeat-ngram.ts';
export { type EncoderRepetitionPenaltyOptions, encoderRepetitionPenalty } from './encoder-repetition-penalty.ts';
export type { EndTokensOption } from './end-tokens.ts';
export { type EpsilonOptions, epsilon } from './epsilon.ts';
export { type EtaOptions, eta } from './eta.ts';
export { type ExponentialLengthDecayOptions, exponentialLengthDecay } from './exponential-length-decay.ts';
export { type ForcedBeginTokenOptions, forcedBeginToken } from './forced-begin-token.ts';
export { type ForcedEndTokenOptions, forcedEndToken } from './forced-end-token.ts';
export { type FrequencyPenaltyOptions, frequencyPenalty } from './frequency-penalty.ts';
export { greedy } from './greedy.ts';
export {
  detectGreenList,
  type GreenListDetectorOptions,
  type GreenListEvidence,
  type GreenListOptions,
  greenList,
} from './green-list.ts';
export { type InfillOptions, infill } from './infill.ts';
export { type MinLengthOptions, minLength } from './min-length.ts';
export { type MinNewTokensOptions, minNewTokens } from './min-new-tokens.ts';
export { type MinPOptions, minP } from './min-p.ts';
export type { MirostatOptions } from './mirostat.ts';
export { type Mirostat1Options, mirostat1 } from './mirostat-1.ts';
export { type Mirostat2Options, mirostat2 } from './mirostat-2.ts';
export { distinctNgrams, repeatedNgrams } from './ngram-diversity.ts';
export { type NoRepeatNgramOptions, noRepeatNgram } from './no-repeat-ngram.ts';
export { normalize } from './normalize.ts';
export { type PLessOptions, pLess } from './p-less.ts';
export { PatternError } from './pattern-syntax.ts';
export { type PrefixFunctionOptions, prefixFunction } from './prefix-function.ts';
export { type PresencePenaltyOptions, presencePenalty } from './presence-penalty.ts';
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
export { type RegexOptions, regex } from './regex.ts';
export { removeInvalid } from './remove-invalid.ts';
export { type RepetitionPenaltyOptions, repetitionPenalty } from './repetition-penalty.ts';
export { type SequenceBiasOptions, sequenceBias } from './sequence-bias.ts';
export { type BeamSearchOptions, beamSearch } from './strategies/beam-search.ts';
export type { BeamOptions } from './strategies/beams.ts';
export { type BestOfOptions, bestOf } from './strategies/best-of.ts';
export { type ConstrainedBeamSearchOptions, constrainedBeamSearch } from './strategies/constrained-beam-search.ts';
export type { Constraint } from './strategies/constraints.ts';
export { type ContrastiveSearchOptions, contrastiveSearch } from './strategies/contrastive-search.ts';
export { draftModel } from './strategies/draft-model.ts';
export type { Draft, Drafter, Drafting, DraftOptions } from './strategies/drafter.ts';
export { type EarlyExitOptions, earlyExit } from './strategies/early-exit.ts';
export { type GroupBeamSearchOptions, groupBeamSearch } from './strategies/group-beam-search.ts';
export { type PromptLookupOptions, promptLookup } from './strategies/prompt-lookup.ts';
export { type SpeculativeOptions, speculative } from './strategies/speculative.ts';
export { type StochasticBeamsOptions, stochasticBeams } from './strategies/stochastic-beams.ts';
export { type SuppressTokensOptions, suppressTokens } from './suppress-tokens.ts';
export { type SuppressTokensAtBeginOptions, suppressTokensAtBegin } from './suppress-tokens-at-begin.ts';
export {
  detectSynthId,
  type SynthIdDetectorOptions,
  type SynthIdEvidence,
  type SynthIdOptions,
  synthId,
} from './synth-id.ts';
export { type TailFreeOptions, tailFree } from './tail-free.ts';
export { type TemperatureOptions, temperature } from './temperature.ts';
export { type ThinkingBudgetOptions, thinkingBudget } from './thinking-budget.ts';
export { type Bias, type TokenBiasOptions, tokenBias } from './token-bias.ts';
export { type HealedPrompt, healPrompt, type TokenHealingOptions, tokenHealing } from './token-healing.ts';
export type { SequenceNeeds } from './token-ids.ts';
export { type TopAOptions, topA } from './top-a.ts';
export { type TopHOptions, topH } from './top-h.ts';
export { type TopKOptions, topK } from './top-k.ts';
export { type TopNSigmaOptions, topNSigma } from './top-n-sigma.ts';
export { type TopPOptions, topP } from './top-p.ts';
export { type TypicalOptions, typical } from './typical.ts';
export { vocabularyTexts } from './vocabulary.ts';
export { type XtcOptions, xtc } from './xtc.ts';
