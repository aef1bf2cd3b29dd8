import type { Engine, KVCache, LanguageModel } from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import type { TinyModel } from './tiny-models.ts';

export function load(engine: Engine, { architecture, config, source }: TinyModel): Promise<LanguageModel> {
  return createModel(engine, architecture, config, source);
}

/** Feed tokens to the rows of a cache. Returns the logits of every token, row by row. */
export async function feed(
  model: LanguageModel,
  cache: KVCache,
  tokens: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const result = model.forward(tokens, cache, { scored: model.maxTokens });
  try {
    const values = await result.logits.read();
    return Array.from({ length: result.logits.rows }, (_, i) =>
      values.slice(i * model.vocabSize, (i + 1) * model.vocabSize),
    );
  } finally {
    result.dispose();
  }
}

/** The logits of every token of a text, fed in one frame or in several. */
export async function logitsOf(
  model: LanguageModel,
  text: readonly number[],
  frame: number = text.length,
): Promise<Float32Array[]> {
  const cache = model.createCache();
  const all: Float32Array[] = [];
  for (let at = 0; at < text.length; at += frame) all.push(...(await feed(model, cache, [text.slice(at, at + frame)])));
  cache.dispose();
  return all;
}

/** The greedy continuation of a prompt. */
export async function greedyTokens(model: LanguageModel, prompt: readonly number[], count: number): Promise<number[]> {
  const cache = model.createCache();
  const tokens: number[] = [];
  let next: readonly number[] = prompt;
  while (tokens.length < count) {
    const logits = (await feed(model, cache, [next])).at(-1)!;
    tokens.push(logits.indexOf(Math.max(...logits)));
    next = tokens.slice(-1);
  }
  cache.dispose();
  return tokens;
}

/** Largest difference over all rows, as a share of the largest expected value. */
export function errorOf(received: readonly Float32Array[], expected: readonly Float32Array[]): number {
  let difference = 0;
  let largest = 0;
  for (const [row, values] of expected.entries())
    for (const [i, value] of values.entries()) {
      difference = Math.max(difference, Math.abs(received[row]![i]! - value));
      largest = Math.max(largest, Math.abs(value));
    }
  return difference / largest;
}

/** A text of token ids below `vocabSize`. */
export function text(length: number, vocabSize = 60, start = 5): number[] {
  return Array.from({ length }, (_, i) => (i * 37 + start) % vocabSize);
}
