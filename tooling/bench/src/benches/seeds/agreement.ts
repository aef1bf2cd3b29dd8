import { Random } from '@tokenwright/core';
import { sampleToken } from '@tokenwright/core/sampling';
import { invert, runningSum } from './inversion.ts';

/** Tokens drawn from the same rows in both ways, [texts][positions][sequences] in one list. */
export interface Draws {
  /** Draws per row of logits; each is one text more. */
  readonly sequences: number;
  readonly positions: number;
  /** By the running sum over the vocabulary. */
  readonly inversion: Int32Array;
  /** By the exponential race, as the library draws. */
  readonly race: Int32Array;
}

/**
 * Draw at every position of some texts, with every sequence number of a seed.
 *
 * @param logits [texts][positions][V]; all texts have the same length.
 */
export function drawFrom(logits: readonly (readonly Float32Array[])[], sequences: number, seed: number): Draws {
  const random = new Random(seed);
  const positions = logits[0]!.length;
  const inversion = new Int32Array(logits.length * positions * sequences);
  const race = new Int32Array(inversion.length);
  let at = 0;
  for (const [text, rows] of logits.entries())
    for (const [position, row] of rows.entries()) {
      const sums = runningSum(row);
      for (let i = 0; i < sequences; i++) {
        // Texts have the same positions, so they need other sequences.
        const sequence = text * sequences + i;
        inversion[at] = invert(sums, random.uniform(sequence, position, 'draw'));
        race[at++] = sampleToken(row, random.key(sequence, position, 'draw'));
      }
    }
  return { sequences, positions, inversion, race };
}

/** How many draws differ, and how many texts. */
export interface Differences {
  readonly draws: number;
  readonly texts: number;
}

/**
 * Compare the draws of two engines. A text counts as different when one of its draws does: from there on, the engines would read
 * different texts.
 */
export function compareDraws(ours: Draws, theirs: Draws, by: 'inversion' | 'race'): Differences {
  const { sequences, positions } = ours;
  const texts = new Set<number>();
  let draws = 0;
  for (const [at, id] of ours[by].entries()) {
    if (id === theirs[by][at]) continue;
    draws++;
    texts.add(Math.floor(at / (positions * sequences)) * sequences + (at % sequences));
  }
  return { draws, texts: texts.size };
}
