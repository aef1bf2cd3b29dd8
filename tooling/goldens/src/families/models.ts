import type { Engine, LanguageModel } from '@tokenwright/core';
import type { WeightSource } from '@tokenwright/core/engine';
import { createModel } from '@tokenwright/core/model';
import { seededWeights } from '@tokenwright/core/testing';
import type { FamilyCase } from './cases.ts';
import type { Json, Text, Vector } from './plain/arithmetic.ts';

/** A text whose ids are in the vocabulary of every family. */
export const text: readonly number[] = Array.from({ length: 24 }, (_, i) => (i * i * 7 + i * 13 + 5) % 53);

export function build(
  engine: Engine,
  { architecture, config }: FamilyCase,
  source: WeightSource,
): Promise<LanguageModel> {
  return createModel(engine, architecture, architecture.configure(config), source);
}

/** Random weights with the names of the published checkpoints. */
export function published({ architecture, config, published: nameOf }: FamilyCase): WeightSource {
  const seeded = seededWeights(architecture, architecture.configure(config), { seed: 7, deviation: 0.25 });
  const names = new Map(seeded.names().map((name) => [nameOf(name), name]));
  return {
    name: seeded.name,
    names: () => [...names.keys()],
    shape: (name) => (names.has(name) ? seeded.shape(names.get(name)!) : undefined),
    bytes: (name) => seeded.bytes(names.get(name)!),
    read: (name) => seeded.read(names.get(name)!),
  };
}

/** The logits of `text` by the reference form in float64. */
export async function inFloat64({ form }: FamilyCase, source: WeightSource, config: Json): Promise<Text> {
  const tensors = new Map<string, Vector>();
  for (const name of source.names()) tensors.set(name, Float64Array.from(await source.read(name)));
  return form(config, (name) => tensors.get(name) ?? missing(name), text);
}

function missing(name: string): never {
  throw new Error(`The reference form needs ${name}, which the model does not have.`);
}

/** Largest difference. */
export function distance(a: ArrayLike<number>, b: Vector): number {
  return Math.max(...b.map((value, i) => Math.abs(value - a[i]!)));
}
