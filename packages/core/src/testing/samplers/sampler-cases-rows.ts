import { Random } from '../../sampling/random.ts';
import type { TestRowOptions } from './sampler-cases-row.ts';

/** Rows of logits that are known to break samplers, each with a history. Seeded, so that failures are repeatable. */
export interface TestLogits {
  readonly label: string;
  readonly logits: Float32Array;
  readonly options: TestRowOptions;
}

/**
 * Logits are multiples of 1/64 of ordinary size, so that adding 8 or doubling is exact in float32, and rounding does
 * not affect the laws about shift and scale.
 */
export function testLogits(vocabSize: number): TestLogits[] {
  const random = new Random(20);
  const noise = (row: number, scale: number): Float32Array =>
    Float32Array.from(
      { length: vocabSize },
      (_, id) => Math.round((random.uniform(row, id, 'draw') - 0.5) * scale * 64) / 64,
    );
  const some = (row: number, share: number): Float32Array =>
    noise(row, 16).map((logit, id) => (id > 0 && random.uniform(row, id, 'draft') < share ? -Infinity : logit));
  const one = new Float32Array(vocabSize).fill(-Infinity);
  one[vocabSize >> 1] = 1.5;
  const rows: [string, Float32Array][] = [
    ['ordinary', noise(1, 16)],
    ['peaked', noise(2, 8).map((logit, id) => (id === vocabSize - 1 ? logit + 24 : logit))],
    ['nearly flat', noise(3, 0.5)],
    ['all equal', new Float32Array(vocabSize).fill(2)],
    ['all zero', new Float32Array(vocabSize)],
    ['many ties', noise(4, 16).map((logit) => Math.round(logit / 4) * 4)],
    ['all negative', noise(5, 16).map((logit) => logit - 32)],
    ['half removed', some(6, 0.5)],
    ['most removed', some(7, 0.9)],
    ['one token left', one],
    ['far apart', noise(8, 2000)],
  ];
  const token = (row: number, position: number): number =>
    Math.floor(random.uniform(row, position, 'accept') * vocabSize);
  return rows.map(([label, logits], row) => ({
    label,
    logits,
    options: {
      prompt: Array.from({ length: 3 }, (_, position) => token(row, position)),
      generated: Array.from({ length: row % 4 }, (_, position) => token(row, 10 + position)),
      source: Array.from({ length: 4 }, (_, position) => token(row, 20 + position)),
      eosTokenIds: [0],
    },
  }));
}
