export { type BartConfig, bart } from '../architectures/bart.ts';
export { type Gemma2Config, gemma2 } from '../architectures/gemma2.ts';
export { type Gemma3Config, gemma3, gemma3Text } from '../architectures/gemma3.ts';
export { type GPTNeoConfig, gptNeo } from '../architectures/gpt-neo.ts';
export { type GPTNeoXConfig, gptNeoX } from '../architectures/gpt-neox.ts';
export { type GPT2Config, gpt2 } from '../architectures/gpt2.ts';
export { type LlamaConfig, llama } from '../architectures/llama.ts';
export { type MarianConfig, marian } from '../architectures/marian.ts';
export { type MistralConfig, mistral } from '../architectures/mistral.ts';
export { type OPTConfig, opt } from '../architectures/opt.ts';
export { type Phi3Config, phi3 } from '../architectures/phi3.ts';
export { type Qwen2Config, qwen2 } from '../architectures/qwen2.ts';
export { type Qwen3Config, qwen3 } from '../architectures/qwen3.ts';
export { type ConfigReader, readConfig, rotaryTable } from '../architectures/shared/config.ts';
export type { GatedConfig, GatedWeights } from '../architectures/shared/gated-layers.ts';
export type { GemmaConfig, GemmaWeights } from '../architectures/shared/gemma-layers.ts';
export {
  type LongRopeFactors,
  type RotaryConfig,
  type RotaryReading,
  type RotaryScaling,
  type RotaryType,
  readRotary,
  requestRotary,
  rotaryFrequencies,
} from '../architectures/shared/rotary.ts';
export { type T5Config, t5 } from '../architectures/t5.ts';
