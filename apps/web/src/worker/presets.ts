import type { Sampler } from '@tokenwright/core';
import {
  chainToJson,
  fromGenerationConfig,
  gpt2,
  greedy,
  huggingFace,
  llamaCpp,
  vllm,
  xTransformers,
} from '@tokenwright/samplers';
import type { Preset } from '../protocol.ts';

/** Chains that a person may begin with: those of other systems, and the one that the checkpoint asks for. */
export function presetsFor(generationConfig: Readonly<Record<string, unknown>>): Preset[] {
  const all: readonly (readonly [string, readonly Sampler[]])[] = [
    ['The checkpoint’s own', checkpointChain(generationConfig)],
    ['Greedy', [greedy()]],
    ['llama.cpp', llamaCpp()],
    ['Hugging Face', huggingFace({ topP: 0.95, temperature: 0.8 })],
    ['vLLM', vllm({ temperature: 0.8, topP: 0.95 })],
    ['x-transformers', xTransformers()],
    ['GPT-2', gpt2()],
    ['llama.cpp with mirostat 2', llamaCpp({ mirostat: 2 })],
    ['llama.cpp with DRY and XTC', llamaCpp({ dryMultiplier: 0.8, xtcProbability: 0.5 })],
  ];
  return all.map(([name, samplers]) => ({
    name,
    chain: chainToJson(samplers).map(({ sampler, parameters }) => ({
      name: sampler,
      on: true,
      parameters: parameters as Preset['chain'][number]['parameters'],
    })),
  }));
}

/** What generation_config.json says of sampling; nothing when it says what cannot be. */
function checkpointChain(config: Readonly<Record<string, unknown>>): readonly Sampler[] {
  try {
    return fromGenerationConfig(config).samplers;
  } catch {
    return [];
  }
}
