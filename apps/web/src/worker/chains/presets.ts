import type { Sampler } from '@tokenwright/core';
import {
  chainToJson,
  fromGenerationConfig,
  gpt2,
  greedy,
  huggingFace,
  llamaCpp,
  ollama,
  vllm,
  xTransformers,
} from '@tokenwright/samplers';
import type { Preset } from '../../protocol.ts';
import type { Stage } from '../../settings.ts';

/** The chain of generation_config.json, as the library uses it: greedy decoding without `do_sample: true`. */
export function checkpointSamplers(config: Readonly<Record<string, unknown>>): readonly Sampler[] {
  return fromGenerationConfig({ ...config, do_sample: config.do_sample === true }).samplers;
}

/** Chains to start from: the checkpoint's, and those of other systems. */
export function presetsFor(checkpoint: readonly Sampler[]): Preset[] {
  const all: readonly (readonly [string, readonly Sampler[]])[] = [
    ['The checkpoint’s own', checkpoint],
    ['Greedy', [greedy()]],
    ['llama.cpp', llamaCpp()],
    ['Hugging Face', huggingFace({ topP: 0.95, temperature: 0.8 })],
    ['Ollama', ollama()],
    ['vLLM', vllm({ temperature: 0.8, topP: 0.95 })],
    ['x-transformers', xTransformers()],
    ['GPT-2', gpt2()],
    ['llama.cpp with mirostat 2', llamaCpp({ mirostat: 2 })],
    ['llama.cpp with DRY and XTC', llamaCpp({ dryMultiplier: 0.8, xtcProbability: 0.5 })],
  ];
  return all.map(([name, samplers]) => ({ name, chain: stagesOf(samplers) }));
}

/** Samplers as stages of the settings. */
export function stagesOf(samplers: readonly Sampler[]): Stage[] {
  return chainToJson(samplers).map(({ sampler, parameters }) => ({
    name: sampler,
    on: true,
    parameters: parameters as Stage['parameters'],
  }));
}
