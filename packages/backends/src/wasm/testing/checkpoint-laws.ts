import { type Engine, Random } from '@tokenwright/core';
import type { Architecture, WeightSource } from '@tokenwright/core/engine';
import { referenceEngine } from '@tokenwright/core/reference';
import { largest } from '@tokenwright/core/sampling';
import { mappedWeights } from '@tokenwright/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fusedWasm, type WeightFormat } from '../index.ts';
import { type Checkpoint, checkpoint } from './checkpoints.ts';
import { expectFaithful, rounded, tolerances } from './engine-laws.ts';
import { decoders, goldenTexts, logitsOfTexts, translators } from './golden-texts.ts';
import { errorOf } from './logits.ts';

/** Rounding units of activations, as shares of the largest value; for floats, a few roundings together. */
const floats = 1e-6;
const sixteenBits = 1 / 32767;
/** The goldens' models with an encoder. Their weights are random and amplify errors; trained models do not. */
const randomWeights = /goldens\/generate\/(t5|bart|marian)/;
/** Two planes of 7 bits, in the relaxed build. */
const planes = 1 / 8191;

/**
 * The law of weight formats on real checkpoints: over all golden prompts and their continuations, logits are within the
 * tolerance of the format of the reference engine's with the same rounded weights, and the choices are equal. With 8
 * bits all choices must be equal; with other formats, all that are farther apart than the tolerance.
 *
 * Some random models of the goldens amplify errors: weights that change by a millionth move their logits by a
 * thousandth. Where an error exceeds the tolerance, it must not exceed the change of the reference engine's logits when
 * weights change by four rounding units of the activations, and choices must be equal wherever they are farther apart
 * than that.
 */
export function describeCheckpoints(
  paths: readonly string[],
  formats: readonly WeightFormat[],
  builds: readonly (boolean | undefined)[] = [undefined],
): void {
  describe.each(paths)('%s', (path) => {
    const found = checkpoint(path);
    let reference: Engine;
    beforeAll(async () => {
      reference = await referenceEngine({ backend: 'cpu' });
    });
    afterAll(() => reference.dispose());

    it.skipIf(found === undefined).each(formats)(
      '%s: the reference engine’s logits and choices with the same rounded weights',
      async (format) => {
        const { config, source } = found!;
        const family = config.model_type as string;
        const architecture: Architecture = decoders[family] ?? translators[family]!;
        const texts = goldenTexts(found!);
        expect(texts.length).toBeGreaterThan(0);
        const held = rounded({ architecture, config: architecture.configure(config), source }, format);
        const expected = await logitsOfTexts(reference, found!, held, texts);
        for (const relaxed of builds) {
          const engine = await fusedWasm({
            threads: 1,
            weights: format,
            ...(relaxed !== undefined && { relaxed }),
          }).start();
          const received = await logitsOfTexts(engine, found!, source, texts);
          expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
          await engine.dispose();
          const error = errorOf(received, expected);
          if (error < tolerances[format]) {
            expectFaithful(received, expected, tolerances[format]);
            if (format === '8-bit') expect(choices(received)).toEqual(choices(expected));
            continue;
          }
          const unit = relaxed === true && format === '8-bit' ? planes : format.startsWith('f') ? floats : sixteenBits;
          expect(path, `the error is ${error}`).toMatch(randomWeights);
          // Most activations are a fraction of the largest, so they lose several units.
          const moved = await logitsOfTexts(reference, found!, shaken(architecture, config, held, 4 * unit), texts);
          expectFaithful(received, expected, errorOf(moved, expected));
        }
      },
    );
  });
}

function choices(rows: readonly Float32Array[]): number[] {
  return rows.map((row) => largest(row).id);
}

/** A checkpoint with each weight changed by up to `unit` of its value. */
function shaken(
  architecture: Architecture,
  json: Checkpoint['config'],
  source: WeightSource,
  unit: number,
): WeightSource {
  const random = new Random(7);
  let count = 0;
  return mappedWeights(architecture, architecture.configure(json), source, (rows) => {
    for (const [i, value] of rows.entries())
      rows[i] = value * (1 + unit * (2 * random.uniform(count++, 0, 'draw') - 1));
  });
}

/** Checkpoints of the goldens, in a folder next to the repository. */
export const goldenModels: readonly string[] = [
  'gpt2-tiny',
  'llama-tiny',
  'llama-tiny-4l',
  't5-tiny',
  't5-tiny-gated-untied',
  'bart-tiny',
  'marian-tiny',
].map((name) => `shared/goldens/generate/${name}`);

export const stories = 'shared/fixtures/stories260k';
