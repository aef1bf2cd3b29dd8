import type { Option, OptionsOf } from '@tokenwright/core/options';
import { llamaCpp } from './llama-cpp.ts';
import { definePreset } from './preset.ts';

const { options: ofLlamaCpp } = llamaCpp.definition;

/** The same option with another default. */
const from = <Value>(option: Option<Value, true>, value: Value): Option<Value, true> => ({ ...option, default: value });

const options = {
  /** 0 or less is greedy, 1 is off. Default 0.8. */
  temperature: from(ofLlamaCpp.temperature, 0.8),
  /** 0 or less is off. Default 40. */
  topK: from(ofLlamaCpp.topK, 40),
  /** 1 or more is off. Default 0.9. */
  topP: from(ofLlamaCpp.topP, 0.9),
  /** 0 or less is off. Default 0. */
  minP: from(ofLlamaCpp.minP, 0),
  /** 1 or more is off. Default 1. */
  typicalP: from(ofLlamaCpp.typicalP, 1),
  /** Number of last tokens that the penalties consider; -1 is all, 0 is off. Default 64. */
  repeatLastN: from(ofLlamaCpp.repeatLastN, 64),
  /** 1 is off. Default 1. */
  repeatPenalty: from(ofLlamaCpp.repeatPenalty, 1),
  /** 0 is off. Default 0. */
  presencePenalty: from(ofLlamaCpp.presencePenalty, 0),
  /** 0 is off. Default 0. */
  frequencyPenalty: from(ofLlamaCpp.frequencyPenalty, 0),
};

/** The sampling options of Ollama, in camelCase. */
export type OllamaOptions = OptionsOf<typeof options>;

/**
 * The chain of Ollama: that of llama.cpp, which it runs, with Ollama's options and defaults: penalties, top-k (exactly k), typical-p,
 * top-p, min-p, temperature.
 *
 * Options and defaults are those of `api/types.go` at commit fb3076099687 (v0.33.0-rc2, 2026-08-21), which sends each of them to
 * llama.cpp's server; older releases have a `repeatPenalty` of 1.1. A Modelfile may set others. It was not compared with results of
 * Ollama.
 *
 * @example
 * ```ts
 * ollama({ temperature: 0.7, repeatPenalty: 1.1 });
 * ```
 */
export const ollama = definePreset({
  name: 'ollama',
  summary: 'The chain of Ollama',
  options,
  stages: (values) => llamaCpp(values),
});
